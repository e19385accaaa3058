/** What an error of a call means: whether trying again can help, where the leader is, and what to tell the caller. */
import { type Metadata, status } from '@grpc/grpc-js';
import { EventStoreError, messageOf } from '../errors.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Failure {
  /** `transient`: the same call may succeed soon. `moved`: it will at the leader. `final`: it never will. */
  readonly kind: 'transient' | 'moved' | 'final';
  /** Whether the connection itself is to blame: `perhaps` when it is not up at this moment. */
  readonly disconnected: 'yes' | 'perhaps' | 'no';
  /** Where to go instead, when the server said so. */
  readonly leader: Endpoint | null;
  readonly error: EventStoreError;
}

interface CallError {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** These say that the server, or the way to it, has trouble: a repetition is worth it. */
const TRANSIENT: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  // How EventStoreDB says that a write was not acknowledged in time.
  status.ABORTED,
  status.CANCELLED,
  // A connection reset in the middle of a call.
  status.INTERNAL,
  status.RESOURCE_EXHAUSTED,
  // "No leader info available" during an election, and whatever else a server in trouble makes up.
  status.UNKNOWN,
]);
const DISCONNECTED: Readonly<Record<number, Failure['disconnected']>> = {
  [status.UNAVAILABLE]: 'yes',
  [status.CANCELLED]: 'yes',
  [status.DEADLINE_EXCEEDED]: 'perhaps',
};

/** Thrown by our own calls when nothing came for too long. */
export class SilentCallError extends Error {
  constructor(silence_ms: number) {
    super(`nothing came for ${silence_ms} ms`);
  }
}

/** Thrown where a call ended, or could not begin, because its connection was given up. */
export class AbandonedCallError extends Error {}

/** Thrown when no node of the cluster says who the leader is. */
export class NoNodeError extends Error {}

export function failureOf(error: unknown): Failure {
  if (error instanceof EventStoreError)
    return { ...final(error), kind: error.code === 'unavailable' ? 'transient' : 'final' };
  if (error instanceof AbandonedCallError) return transient('the connection was given up', error);
  if (error instanceof SilentCallError) return transient(error.message, error, 'perhaps');
  if (error instanceof NoNodeError) return transient(error.message, error, 'yes');
  if (!isCallError(error))
    return final(new EventStoreError('read-failed', messageOf(error), { cause: error }));
  const { code, details } = error;
  const exception = textOf(error.metadata, 'exception');
  const leader = leaderOf(error.metadata);
  if (exception === 'not-leader')
    return { ...transient('this node is not the leader', error), kind: 'moved', leader };
  if (exception === 'access-denied' || code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED)
    return final(
      new EventStoreError(
        'denied',
        `the event store refuses access (${details}): check user and password in FLEETWAVE_EVENT_STORE`,
        { cause: error },
      ),
    );
  if (exception === 'stream-deleted')
    return final(
      new EventStoreError('read-failed', `${details} Streams of Fleetwave must never be deleted.`, {
        cause: error,
      }),
    );
  if (code === status.UNIMPLEMENTED)
    return final(
      new EventStoreError('unsupported', `the server does not speak EventStoreDB's protocol: ${details}`, {
        cause: error,
      }),
    );
  if (TRANSIENT.has(code) && exception === '') return transient(details, error, DISCONNECTED[code]);
  return final(new EventStoreError('read-failed', `the event store answers: ${details}`, { cause: error }));
}

const final = (error: EventStoreError): Failure => ({
  kind: 'final',
  disconnected: 'no',
  leader: null,
  error,
});

const transient = (what: string, cause: unknown, disconnected: Failure['disconnected'] = 'no'): Failure => ({
  kind: 'transient',
  disconnected,
  leader: null,
  error: new EventStoreError('unavailable', `the event store can not be reached: ${what}`, { cause }),
});

function leaderOf(metadata: Metadata): Endpoint | null {
  const address = textOf(metadata, 'leader-endpoint-host');
  const port = Number(textOf(metadata, 'leader-endpoint-port'));
  return address !== '' && Number.isInteger(port) && port > 0 ? { address, port } : null;
}

const textOf = (metadata: Metadata, key: string): string => metadata.get(key)[0]?.toString() ?? '';

const isCallError = (error: unknown): error is CallError =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;

/** The calls of the Streams service as promises and generators: bounded in time, with back-pressure, ended for sure. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Position } from '../../../app/ports.ts';
import { positionOfFields } from './all-position.ts';
import type { Session } from './connection.ts';
import { AbandonedCallError, SilentCallError } from './failure.ts';
import type { ProposedEvent } from './wire-event.ts';

export type AppendAnswer =
  | { readonly status: 'appended'; readonly revision: number; readonly position: Position | null }
  | { readonly status: 'wrong-revision'; readonly actualRevision: number };

const JSON_CONTENT = 'application/json';

/** Appends in one call; the server takes all of it or nothing. @throws what gRPC says; the outcome may be unknown then. */
export function appendCall(
  session: Session,
  append: {
    readonly stream: string;
    readonly expectedRevision: number;
    readonly events: readonly ProposedEvent[];
  },
  deadline_ms: number,
): Promise<AppendAnswer> {
  return new Promise((resolve, reject) => {
    start(() => {
      const [metadata, options] = session.call(deadline_ms);
      const call = session.streams.append(metadata, options, (error, response) => {
        if (error !== null) reject(error);
        else resolve(answerOf(response));
      });
      // The callback tells the same.
      call.on('error', () => undefined);
      call.write(new streams.AppendReq().setOptions(appendOptions(append.stream, append.expectedRevision)));
      for (const event of append.events)
        call.write(new streams.AppendReq().setProposedMessage(messageOf(event)));
      call.end();
    });
  });
}

function appendOptions(stream: string, expectedRevision: number): streams.AppendReq.Options {
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  if (expectedRevision === -1) options.setNoStream(new shared.Empty());
  else options.setRevision(String(expectedRevision));
  return options;
}

function messageOf({ id, type, data, metadata }: ProposedEvent): streams.AppendReq.ProposedMessage {
  const message = new streams.AppendReq.ProposedMessage();
  message.setId(new shared.UUID().setString(id));
  message.getMetadataMap().set('type', type).set('content-type', JSON_CONTENT);
  message.setData(data);
  message.setCustomMetadata(metadata);
  return message;
}

function answerOf(response: streams.AppendResp): AppendAnswer {
  const wrong = response.getWrongExpectedVersion();
  if (wrong !== undefined)
    return {
      status: 'wrong-revision',
      actualRevision: wrong.hasCurrentRevision() ? Number(wrong.getCurrentRevision()) : -1,
    };
  const success = response.getSuccess();
  const position = success?.getPosition();
  return {
    status: 'appended',
    revision: Number(success?.getCurrentRevision() ?? -1),
    position:
      position === undefined
        ? null
        : positionOfFields(position.getCommitPosition(), position.getPreparePosition()),
  };
}

/** An answer of a read: event, checkpoint, "caught up", … in the server's order. */
export type ReadAnswer = streams.ReadResp;

export interface ReadCallOptions {
  /** Bounds the wait for the next answer; null for calls that may be quiet for as long as they like. */
  readonly silence_ms: number | null;
  /** Ends the call from outside, besides the end of its connection. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Reads until the server ends the call, or the consumer does; what has arrived comes together. The server is held
 * up while the consumer is busy.
 * @throws SilentCallError, AbandonedCallError, or what gRPC says.
 */
export async function* readCall(
  session: Session,
  request: streams.ReadReq,
  { silence_ms, stop }: ReadCallOptions,
): AsyncGenerator<readonly ReadAnswer[]> {
  const call = start(() => session.streams.read(request, ...session.call(null)));
  const inbox = new Inbox(call, stop === undefined ? [session.over] : [session.over, stop], silence_ms);
  try {
    for (;;) {
      const arrived: ReadAnswer[] = [];
      for (let answer = call.read(); answer !== null; answer = call.read()) arrived.push(answer);
      if (arrived.length > 0) yield arrived;
      else if (!(await inbox.more())) return;
    }
  } finally {
    inbox.close();
    call.cancel();
  }
}

/** Waits for what a call brings. */
class Inbox {
  readonly #ends: readonly AbortSignal[];
  readonly #silence_ms: number | null;
  #failure: { readonly error: unknown } | null = null;
  #ended = false;
  #rung = false;
  #wake: (() => void) | null = null;

  constructor(
    call: ClientReadableStream<ReadAnswer>,
    ends: readonly AbortSignal[],
    silence_ms: number | null,
  ) {
    this.#ends = ends;
    this.#silence_ms = silence_ms;
    call.on('readable', this.#ring);
    call.on('end', () => {
      this.#ended = true;
      this.#ring();
    });
    call.on('error', (error: unknown) => {
      this.#failure ??= { error };
      this.#ring();
    });
    for (const signal of ends) signal.addEventListener('abort', this.#ring);
  }

  /** Resolves when there may be something to read; false at the end of the call. */
  async more(): Promise<boolean> {
    if (!this.#rung && !this.#ended && this.#failure === null && !this.#isOver) await this.#wait();
    this.#rung = false;
    if (this.#isOver) throw new AbandonedCallError();
    if (this.#failure !== null) throw this.#failure.error;
    return !this.#ended;
  }

  close(): void {
    for (const signal of this.#ends) signal.removeEventListener('abort', this.#ring);
  }

  get #isOver(): boolean {
    return this.#ends.some((signal) => signal.aborted);
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  async #wait(): Promise<void> {
    const silence_ms = this.#silence_ms;
    await new Promise<void>((resolve, reject) => {
      const timer =
        silence_ms === null
          ? undefined
          : setTimeout(() => reject(new SilentCallError(silence_ms)), silence_ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}

/** Begins a call. @throws AbandonedCallError when its channel was closed just now. */
function start<Value>(begin: () => Value): Value {
  try {
    return begin();
  } catch (cause) {
    throw new AbandonedCallError('the call could not begin', { cause });
  }
}

export const identifier = (stream: string): shared.StreamIdentifier => {
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(stream));
  return name;
};

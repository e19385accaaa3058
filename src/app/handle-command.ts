/** Load a stream, fold, decide, append with the expected revision (DESIGN §5 "Command"). */

import type { DomainEvent } from '../domain/events.ts';
import { readEvent, schemaVersionOf } from '../domain/events.ts';
import type { Actor, Decider, DecisionContext, Rejection } from '../domain/shared/decider.ts';
import type { AppendMetadata, AppendResult, EventStore, NewEvent, Position, RecordedEvent } from './ports.ts';

export interface Runtime {
  readonly store: EventStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly digest: (text: string) => string;
}

export interface CommandEnvelope {
  readonly actor: Actor;
  readonly source: string;
  readonly correlationId?: string;
  readonly causationId?: string | null;
  /** Idempotency-Key, or cause event id + process manager. With the digest of the command's body. */
  readonly command?: { readonly id: string; readonly digest: string };
  /** From If-Match: the revision the caller has seen. Without it a lost race is retried. */
  readonly expectedRevision?: number;
}

export type CommandOutcome<State> =
  | {
      readonly ok: true;
      readonly state: State;
      /** Revision of the stream after the command; -1 when it does not exist. */
      readonly revision: number;
      /** Position of the last event that this command appended; null when it had no effect (again). */
      readonly position: Position | null;
      readonly events: readonly DomainEvent[];
      readonly eventIds: readonly string[];
    }
  | { readonly ok: false; readonly rejection: Rejection };

export interface Loaded<State> {
  readonly state: State;
  readonly revision: number;
  /** Digest of each command that this stream has already handled, by its id. */
  readonly handled: ReadonlyMap<string, string>;
  /** The stream holds events of a newer version: it may be read but not written. */
  readonly newer: string | null;
}

const RETRIES = 3;

/** Folds the events of one stream. Exported for readers that need an aggregate's state without a command. */
export function foldStream<State, Event extends DomainEvent>(
  decider: Pick<Decider<State, never, Event, never>, 'initialState' | 'evolve'>,
  events: Iterable<RecordedEvent>,
): Loaded<State> {
  let state = decider.initialState;
  let revision = -1;
  let newer: string | null = null;
  const handled = new Map<string, string>();
  for (const recorded of events) {
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (read.known) state = decider.evolve(state, read.event as Event);
    else newer = read.type;
    revision = recorded.revision;
    const command = recorded.metadata.command;
    if (command !== undefined) handled.set(command.id, command.digest);
  }
  return { state, revision, handled, newer };
}

export async function loadStream<State, Event extends DomainEvent>(
  store: EventStore,
  stream: string,
  decider: Pick<Decider<State, never, Event, never>, 'initialState' | 'evolve'>,
): Promise<Loaded<State>> {
  const all: RecordedEvent[] = [];
  for await (const batch of store.readStream(stream)) all.push(...batch);
  return foldStream(decider, all);
}

/** Wraps domain events for an append: ids are made here, once, and kept over retries of the append. */
export const toNewEvents = (events: readonly DomainEvent[], newId: () => string): NewEvent[] =>
  events.map((event) => ({
    id: newId(),
    type: event.type,
    schemaVersion: schemaVersionOf(event.type),
    data: event.data,
  }));

export function metadataOf(envelope: CommandEnvelope, now: string, newId: () => string): AppendMetadata {
  const base = {
    actor: envelope.actor,
    time: now,
    correlationId: envelope.correlationId ?? newId(),
    causationId: envelope.causationId ?? null,
    source: envelope.source,
  };
  return envelope.command === undefined ? base : { ...base, command: envelope.command };
}

const refused = (code: string, message: string, hint: string, details?: Record<string, unknown>) => ({
  ok: false as const,
  rejection: details === undefined ? { code, message, hint } : { code, message, hint, details },
});

/**
 * Handles one command on one stream. A revision given by the caller must match; without one, a race that is
 * lost is decided again on the new state, at most three times.
 * @throws whatever the store throws: nothing is recorded then.
 */
export async function handleCommand<State, Command, Event extends DomainEvent, Extra extends object>(
  runtime: Runtime,
  stream: string,
  decider: Decider<State, Command, Event, DecisionContext & Extra>,
  command: Command,
  envelope: CommandEnvelope,
  extra: Extra,
): Promise<CommandOutcome<State>> {
  for (let attempt = 0; ; attempt++) {
    const loaded = await loadStream(runtime.store, stream, decider);
    const early = beforeDeciding(loaded, envelope, stream);
    if (early !== null) return early;
    const now = new Date(runtime.now()).toISOString();
    const decision = decider.decide(loaded.state, command, contextOf(runtime, envelope, now, extra));
    if (!decision.ok) return decision;
    if (decision.events.length === 0) return unchanged(loaded);
    const result = await record(runtime, decider, {
      stream,
      loaded,
      decided: decision.events,
      envelope,
      now,
    });
    if ('ok' in result) return result;
    if (result.status === 'too-large') {
      return refused(
        'too-large',
        `the events of this command take ${result.bytes} bytes, the limit is ${result.limit}`,
        'Split the request into smaller ones.',
      );
    }
    if (envelope.expectedRevision !== undefined)
      return staleRevision(stream, envelope.expectedRevision, result.actualRevision);
    if (attempt >= RETRIES) {
      return refused(
        'busy',
        `${stream} kept changing while this command was decided`,
        'Repeat the request with the same Idempotency-Key.',
      );
    }
  }
}

/**
 * Creates what most probably is not there yet, without reading its stream first: the append says whether that was
 * right. @returns null when it is there, or nothing can be decided without it: then `handleCommand` has to look.
 * @throws whatever the store throws: nothing is recorded then.
 */
export async function createUnread<State, Command, Event extends DomainEvent, Extra extends object>(
  runtime: Runtime,
  stream: string,
  decider: Decider<State, Command, Event, DecisionContext & Extra>,
  command: Command,
  envelope: CommandEnvelope,
  extra: Extra,
): Promise<CommandOutcome<State> | null> {
  if (envelope.expectedRevision !== undefined) return null;
  const loaded = foldStream(decider, []);
  const now = new Date(runtime.now()).toISOString();
  const decision = decider.decide(loaded.state, command, contextOf(runtime, envelope, now, extra));
  if (!decision.ok || decision.events.length === 0) return null;
  const result = await record(runtime, decider, { stream, loaded, decided: decision.events, envelope, now });
  return 'ok' in result ? result : null;
}

const contextOf = <Extra extends object>(
  { newId, digest }: Runtime,
  { actor }: CommandEnvelope,
  now: string,
  extra: Extra,
): DecisionContext & Extra => ({ now, actor, newId, digest, ...extra });

interface Decided<State, Event> {
  readonly stream: string;
  /** What it was decided on. */
  readonly loaded: Loaded<State>;
  readonly decided: readonly Event[];
  readonly envelope: CommandEnvelope;
  readonly now: string;
}

/** Appends what was decided. @returns the outcome, or why it was not appended. */
async function record<State, Event extends DomainEvent>(
  { store, newId }: Runtime,
  decider: Pick<Decider<State, never, Event, never>, 'evolve'>,
  { stream, loaded, decided, envelope, now }: Decided<State, Event>,
): Promise<(CommandOutcome<State> & { ok: true }) | Exclude<AppendResult, { status: 'appended' }>> {
  const events = toNewEvents(decided, newId);
  const metadata = metadataOf(envelope, now, newId);
  const [result] = await store.append([{ stream, expectedRevision: loaded.revision, events, metadata }]);
  if (result === undefined) throw new Error('the event store gave no result for an append');
  if (result.status !== 'appended') return result;
  return {
    ok: true,
    state: decided.reduce(decider.evolve, loaded.state),
    revision: result.revision,
    position: result.position,
    events: decided,
    eventIds: events.map((event) => event.id),
  };
}

const unchanged = <State>(loaded: Loaded<State>): CommandOutcome<State> => ({
  ok: true,
  state: loaded.state,
  revision: loaded.revision,
  position: null,
  events: [],
  eventIds: [],
});

/** What settles a command before it is decided: repeated, reused key, stale revision, newer writer. */
function beforeDeciding<State>(
  loaded: Loaded<State>,
  envelope: CommandEnvelope,
  stream: string,
): CommandOutcome<State> | null {
  const { command, expectedRevision } = envelope;
  const known = command === undefined ? undefined : loaded.handled.get(command.id);
  if (command !== undefined && known !== undefined) {
    if (known === command.digest) return unchanged(loaded);
    return refused(
      'idempotency-key-reused',
      `the key ${command.id} was used before with another body`,
      'Use a new Idempotency-Key for a new command.',
    );
  }
  if (expectedRevision !== undefined && expectedRevision !== loaded.revision)
    return staleRevision(stream, expectedRevision, loaded.revision);
  if (loaded.newer !== null) {
    return refused(
      'newer-writer',
      `${stream} has an event ${loaded.newer} of a newer version of Fleetwave`,
      'Upgrade this process before it writes here.',
    );
  }
  return null;
}

const staleRevision = (stream: string, expected: number, actual: number) =>
  refused(
    'revision-mismatch',
    `${stream} is at revision ${actual}, not ${expected}`,
    'Read it again and decide on what is there now.',
    { expected, actual },
  );

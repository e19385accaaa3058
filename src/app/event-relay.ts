/**
 * Hands every domain event on to systems outside, as CloudEvents 1.0 in structured JSON, in the order of the log.
 * At least once: the checkpoint is saved after the events are safe, so those after it come again after a restart, under
 * the same ids.
 */
import { readEvent } from '../domain/events.ts';
import { isElsewhere } from './elsewhere.ts';
import type { EventPublisher, OutgoingMessage } from './ports/event-publisher.ts';
import {
  type EventBatch,
  type EventStore,
  type Position,
  type RecordedEvent,
  START,
} from './ports/event-store.ts';
import type { Clock, Log } from './ports.ts';

export interface RelayCheckpoint {
  /** START when there is none. */
  load(): Promise<Position>;
  save(position: Position): Promise<void>;
}

export interface EventRelayDeps {
  readonly store: Pick<EventStore, 'subscribe' | 'head'>;
  readonly publisher: EventPublisher;
  readonly checkpoint: RelayCheckpoint;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

export interface EventRelay {
  /** Goes on until the signal aborts; what fails is tried again. One at a time. */
  run(signal: AbortSignal): Promise<void>;
  stats(): Readonly<Record<string, number>>;
}

const BATCH = 500;
const SAVE_EVERY_MS = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export function createEventRelay(deps: EventRelayDeps): EventRelay {
  const stats = { relayedEvents: 0, relayedDeadLetters: 0, relayFailures: 0, checkpointFailures: 0 };

  async function publish(batch: EventBatch): Promise<void> {
    if (batch.events.length === 0) return;
    await deps.publisher.publish('events', batch.events.map(toCloudEvent));
    const deadLetters = batch.events.flatMap(toDeadLetter);
    if (deadLetters.length > 0) await deps.publisher.publish('dead-letter', deadLetters);
    stats.relayedEvents += batch.events.length;
    stats.relayedDeadLetters += deadLetters.length;
  }

  /** From the checkpoint until the signal aborts. @throws what the store or the publisher throws. */
  async function follow(progress: Progress, signal: AbortSignal): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    const subscription = deps.store.subscribe({
      after: progress.reached,
      batchSize: BATCH,
      onError: ended.reject,
      onBatch: async (batch) => {
        await abortable(publish(batch), signal);
        progress.reached = batch.position;
      },
    });
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    try {
      await ended.promise;
    } finally {
      signal.removeEventListener('abort', end);
      await subscription.stop();
    }
  }

  async function attempt(signal: AbortSignal): Promise<void> {
    const saved = await deps.checkpoint.load();
    const progress = new Progress(deps.checkpoint, saved);
    if (isElsewhere(saved, await deps.store.head())) {
      deps.log(
        'warn',
        'What was handed on is not of this log: it was restored or moved. All of it is handed on again.',
      );
      progress.reached = START;
    }
    const over = new AbortController();
    const saving = saveNowAndThen(progress, AbortSignal.any([signal, over.signal]));
    try {
      await follow(progress, signal);
    } finally {
      over.abort();
      await saving;
      await save(progress);
    }
  }

  async function saveNowAndThen(progress: Progress, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await deps.clock.sleep(SAVE_EVERY_MS, signal);
      await save(progress);
    }
  }

  async function save(progress: Progress): Promise<void> {
    try {
      await progress.save();
    } catch (error) {
      stats.checkpointFailures += 1;
      deps.log('warn', 'How far events were handed on could not be saved; it is tried again.', { error });
    }
  }

  return {
    stats: () => stats,
    async run(signal) {
      let pause_ms = FIRST_PAUSE_MS;
      while (!signal.aborted) {
        const before = stats.relayedEvents;
        try {
          await attempt(signal);
        } catch (error) {
          if (signal.aborted) return;
          stats.relayFailures += 1;
          if (stats.relayedEvents > before) pause_ms = FIRST_PAUSE_MS;
          deps.log('error', 'Events could not be handed on; it is tried again.', { error });
          await deps.clock.sleep(pause_ms, signal);
          pause_ms = Math.min(LONGEST_PAUSE_MS, pause_ms * 2);
        }
      }
    },
  };
}

/** A publisher may try for as long as nobody can be reached: who is to stop does not wait for it. */
async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('events are handed on elsewhere'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class Progress {
  readonly #checkpoint: RelayCheckpoint;
  #saved: Position;
  reached: Position;

  constructor(checkpoint: RelayCheckpoint, saved: Position) {
    this.#checkpoint = checkpoint;
    this.#saved = saved;
    this.reached = saved;
  }

  async save(): Promise<void> {
    const { reached } = this;
    if (reached === this.#saved) return;
    await this.#checkpoint.save(reached);
    this.#saved = reached;
  }
}

/** As the Kafka protocol binding of CloudEvents has it for structured mode. */
const CLOUD_EVENT_HEADERS = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
const sourceOf = (stream: string): string => `/fleetwave/${stream}`;

/** The data is as it was recorded: which schema it follows is said by the version in the type. */
export function toCloudEvent(recorded: RecordedEvent): OutgoingMessage {
  const { id, stream, type, schemaVersion, metadata, position, revision, data } = recorded;
  const event = {
    specversion: '1.0',
    id,
    source: sourceOf(stream),
    type: `com.fleetwave.${type}.v${schemaVersion}`,
    subject: stream,
    time: metadata.time,
    datacontenttype: 'application/json',
    // Extensions. Their names have lower-case letters and digits only.
    partitionkey: stream,
    position,
    revision,
    correlationid: metadata.correlationId,
    ...(metadata.causationId === null ? {} : { causationid: metadata.causationId }),
    data,
  };
  return { key: stream, headers: CLOUD_EVENT_HEADERS, body: Buffer.from(JSON.stringify(event)) };
}

/** A message of a vehicle that could not be read or could not be true: its bytes as they came, with why. */
function toDeadLetter(recorded: RecordedEvent): readonly OutgoingMessage[] {
  if (recorded.type !== 'ReportSetAside') return [];
  const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
  if (!read.known || read.event.type !== 'ReportSetAside') return [];
  const { vehicleId, channel, code, reason, raw, receivedAt } = read.event.data;
  const headers = {
    code,
    reason,
    source: sourceOf(recorded.stream),
    channel,
    receivedAt,
    eventId: recorded.id,
  };
  return [{ key: vehicleId, headers, body: Buffer.from(raw, 'base64') }];
}

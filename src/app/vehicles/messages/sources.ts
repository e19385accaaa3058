/** Where a vehicle's messages are kept: its own stream, its parts of rollouts, and what was set aside. Newest first. */
import { readEvent } from '../../../domain/events.ts';
import type { RolloutEvent } from '../../../domain/rollout/events.ts';
import type { Span } from '../../../domain/rollout/spans.ts';
import { shardOf } from '../../../domain/shared/shard.ts';
import { rolloutStream, vehicleStream } from '../../../domain/shared/streams.ts';
import type { ReportSource, VehicleEvent } from '../../../domain/vehicle/events.ts';
import type { Document, EventStore, Page, Position, ReadModelReader, RecordedEvent } from '../../ports.ts';
import { directionOf, messageOf, type VehicleMessage } from './message.ts';

export interface MessageDeps {
  readonly log: Pick<EventStore, 'readStream'>;
  readonly reader: Pick<ReadModelReader, 'find'>;
}

/** From where a later page goes on in each source, so that it does not begin at the newest again. */
export interface Marks {
  /** Revision in the vehicle's own stream; null = its end. */
  readonly record: number | null;
  /** Cursor of the page of dead letters; null = the first. */
  readonly letters: string | null;
}

export interface Sourced {
  readonly message: VehicleMessage;
  readonly marks: Partial<Marks>;
}

export interface Source {
  /** Nothing in it is behind this position; null = not known. */
  readonly newest: Position | null;
  open(): AsyncGenerator<Sourced>;
}

/** Dead letters can be large: as many as are likely to be shown. */
const LETTERS_AT_ONCE = 20;
const ASSIGNMENTS_AT_ONCE = 1000;

export const recordSource = ({ log }: MessageDeps, vehicleId: string, from: number | null): Source => ({
  newest: null,
  async *open() {
    const options = { direction: 'backward' as const, ...(from === null ? {} : { from }) };
    for await (const batch of log.readStream(vehicleStream(vehicleId), options))
      for (const recorded of batch) {
        const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
        const direction = (read.known ? directionOf(read.event as VehicleEvent) : null) ?? 'record';
        yield { message: messageOf(recorded, direction, null), marks: { record: recorded.revision } };
      }
  },
});

interface LetterDocument extends Document {
  readonly eventId: string;
  readonly channel: string;
  readonly code: string;
  readonly reason: string;
  readonly raw: string;
  readonly report: ReportSource | null;
  readonly receivedAt: string;
  readonly at: string;
}

export const letterSource = ({ reader }: MessageDeps, vehicleId: string, from: string | null): Source => ({
  newest: null,
  async *open() {
    let cursor = from;
    do {
      const page: Page<LetterDocument> = await reader.find<LetterDocument>('set-aside', {
        where: { vehicleId },
        sort: { field: 'id', descending: true },
        limit: LETTERS_AT_ONCE,
        ...(cursor === null ? {} : { cursor }),
      });
      for (const letter of page.items) yield { message: letterMessage(letter), marks: { letters: cursor } };
      cursor = page.next;
    } while (cursor !== null);
  },
});

function letterMessage(letter: LetterDocument): VehicleMessage {
  const { id, eventId, channel, code, reason, raw, report, receivedAt, at } = letter;
  return {
    id: eventId,
    position: id,
    direction: 'set-aside',
    type: 'ReportSetAside',
    at,
    receivedAt,
    report,
    campaignId: null,
    by: { kind: 'system', id: 'shard-worker' },
    rendition: 'as-received',
    raw,
    data: { channel, code, reason },
  };
}

interface AssignmentDocument extends Document {
  readonly campaignId: string;
  readonly spans: readonly Span[];
}

/** One for each campaign that the vehicle is in. */
export async function rolloutSources(deps: MessageDeps, vehicleId: string): Promise<readonly Source[]> {
  const sources: Source[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<AssignmentDocument> = await deps.reader.find<AssignmentDocument>('assignments', {
      where: { vehicleId },
      limit: ASSIGNMENTS_AT_ONCE,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const one of page.items) if (one.spans.length > 0) sources.push(rolloutSource(deps, vehicleId, one));
    cursor = page.next;
  } while (cursor !== null);
  return sources;
}

const rolloutSource = (
  { log }: MessageDeps,
  vehicleId: string,
  { campaignId, spans, position }: AssignmentDocument,
): Source => ({
  newest: position ?? null,
  async *open() {
    const stream = rolloutStream(campaignId, shardOf(vehicleId));
    for (const [first, last] of spans.toReversed()) {
      const within = { direction: 'backward', from: last, limit: last - first + 1 } as const;
      for await (const batch of log.readStream(stream, within))
        for (const recorded of batch) {
          if ((recorded.data as { vehicleId?: string }).vehicleId !== vehicleId) continue;
          const message = rolloutMessage(recorded, campaignId);
          if (message !== null) yield { message, marks: {} };
        }
    }
  },
});

function rolloutMessage(recorded: RecordedEvent, campaignId: string): VehicleMessage | null {
  const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
  const direction = read.known ? directionOf(read.event as RolloutEvent) : 'record';
  return direction === null ? null : messageOf(recorded, direction, campaignId);
}

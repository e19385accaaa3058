/** How what bridges tell workers looks in the feedback topic. The partition is the shard, the key the vehicle. */
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { Arrival, FeedbackChannel, FeedbackRecord } from '../../../app/ports/feedback.ts';
import { vehicleId as vehicleIdSchema } from '../../../domain/shared/ids.ts';
import { shardOf } from '../../../domain/shared/shard.ts';

/** What a bridge says of time in every partition, once a second. */
export interface Mark {
  /** Of one run of one bridge. */
  readonly sink: string;
  /** All that it received up to then has been produced; its time, milliseconds since 1970. */
  readonly until_ms: number;
}

export type Decoded =
  | { readonly kind: 'record'; readonly record: FeedbackRecord }
  | { readonly kind: 'arrival'; readonly vehicleId: string }
  | { readonly kind: 'mark'; readonly mark: Mark; readonly writtenAt_ms: number }
  /** A good one that another producer put into the wrong partition. */
  | { readonly kind: 'misplaced'; readonly shard: number }
  | { readonly kind: 'unreadable'; readonly reason: string };

const CHANNELS: readonly FeedbackChannel[] = ['feedback', 'inventory'];

export const recordMessage = (record: FeedbackRecord): Message => ({
  key: record.vehicleId,
  value: Buffer.from(record.payload.buffer, record.payload.byteOffset, record.payload.byteLength),
  partition: record.shard,
  headers: { channel: record.channel, receivedAt: String(record.receivedAt) },
});

export const arrivalMessage = ({ vehicleId, shard }: Arrival): Message => ({
  key: vehicleId,
  value: Buffer.alloc(0),
  partition: shard,
  headers: { channel: 'arrival' },
});

export const markMessage = (shard: number, { sink, until_ms }: Mark): Message => ({
  key: null,
  value: JSON.stringify({ sink, until: until_ms }),
  partition: shard,
  headers: { channel: 'mark' },
});

export function decode(message: KafkaMessage, shard: number, shards: number): Decoded {
  const channel = header(message.headers, 'channel');
  if (channel === 'mark') return decodeMark(message);
  const vehicleId = message.key?.toString() ?? '';
  if (!vehicleIdSchema.safeParse(vehicleId).success) return unreadable('the key is no vehicle id');
  const known = CHANNELS.find((name) => name === channel);
  if (known === undefined && channel !== 'arrival')
    return unreadable(`the header channel is ${channel === null ? 'missing' : `'${channel.slice(0, 64)}'`}`);
  if (message.value === null) return unreadable('there is no value');
  const right = shardOf(vehicleId, shards);
  if (right !== shard)
    return sizeOf(message) > MAX_FORWARDED_BYTES
      ? unreadable(`it belongs to partition ${right} and is too large to be forwarded`)
      : { kind: 'misplaced', shard: right };
  if (known === undefined) return { kind: 'arrival', vehicleId };
  const receivedAt = instantOf(header(message.headers, 'receivedAt'));
  if (receivedAt === null) return unreadable('the header receivedAt is no time in milliseconds since 1970');
  return {
    kind: 'record',
    record: { vehicleId, shard, channel: known, payload: message.value, receivedAt },
  };
}

function decodeMark({ value, timestamp }: KafkaMessage): Decoded {
  try {
    const { sink, until } = JSON.parse(value?.toString() ?? '') as Record<string, unknown>;
    if (typeof sink === 'string' && sink.length <= 64 && typeof until === 'number' && Number.isFinite(until))
      return { kind: 'mark', mark: { sink, until_ms: until }, writtenAt_ms: Number(timestamp) };
  } catch {
    // Said below.
  }
  return unreadable('the mark is not {sink, until}');
}

/** Of what a bridge writes nothing comes near it; a compressed record of somebody else may be too large for a batch. */
const MAX_FORWARDED_BYTES = 768 * 1024;

function sizeOf({ key, value, headers = {} }: KafkaMessage): number {
  const texts = Object.entries(headers)
    .flatMap(([name, given]) => [name, given ?? ''])
    .flat();
  return [key ?? '', value ?? '', ...texts].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}

const unreadable = (reason: string): Decoded => ({ kind: 'unreadable', reason });

/** Of a header that was given twice, the first counts. */
function header(headers: IHeaders | undefined, name: string): string | null {
  const value = headers?.[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? null : first.toString();
}

/** The last instant that a date can hold; an event's time is one. */
const LAST_INSTANT_MS = 8_640_000_000_000_000;

function instantOf(text: string | null): number | null {
  if (text === null || !/^\d{1,16}$/.test(text)) return null;
  const ms = Number(text);
  return ms <= LAST_INSTANT_MS ? ms : null;
}

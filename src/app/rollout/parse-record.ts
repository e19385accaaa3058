/** From the bytes of a vehicle's message to what can be decided on, or to a dead letter with its reason. */
import { type HandleReport, report as reportSchema } from '../../domain/rollout/commands.ts';
import { type Ecu, ecus as ecusSchema, type ReportSource } from '../../domain/vehicle/events.ts';
import { epoch, type Feedback, feedback, type Inventory, inventory } from '../../protocol/messages.ts';
import { MAX_MESSAGE_BYTES } from '../../protocol/topics.ts';
import type { FeedbackRecord } from '../ports.ts';

export type ParsedRecord =
  | {
      readonly kind: 'feedback';
      readonly record: FeedbackRecord;
      readonly source: ReportSource;
      readonly campaignId: string;
      readonly command: Omit<HandleReport, 'currentEpoch'>;
    }
  | {
      readonly kind: 'inventory';
      readonly record: FeedbackRecord;
      readonly source: ReportSource;
      readonly ecus: Ecu[];
    }
  | DeadRecord;

export interface DeadRecord {
  readonly kind: 'dead';
  readonly record: FeedbackRecord;
  readonly code: string;
  readonly reason: string;
  /** Null when epoch and seq can't be read: then there is nothing to receipt. */
  readonly source: ReportSource | null;
}

const dead = (
  record: FeedbackRecord,
  code: string,
  reason: string,
  source: ReportSource | null = null,
): DeadRecord => ({ kind: 'dead', record, code, reason: reason.slice(0, 2000), source });

const decoder = new TextDecoder('utf-8', { fatal: true });

export function parseRecord(record: FeedbackRecord): ParsedRecord {
  const { payload } = record;
  if (payload.length > MAX_MESSAGE_BYTES)
    return dead(record, 'too-large', `${payload.length} bytes, the limit is ${MAX_MESSAGE_BYTES}`);
  let message: unknown;
  try {
    message = JSON.parse(decoder.decode(payload));
  } catch (error) {
    return dead(record, 'not-json', error instanceof Error ? error.message : String(error));
  }
  return record.channel === 'feedback' ? parseFeedback(record, message) : parseInventory(record, message);
}

const sourceOf = (message: Feedback | Inventory): ReportSource => ({
  epoch: message.epoch,
  seq: message.seq,
  sentAt: message.sentAt,
});

/** The two schemas differ: the protocol's is what a TCU may send, the domain's is what an event may hold. */
function parseFeedback(record: FeedbackRecord, message: unknown): ParsedRecord {
  const parsed = feedback.safeParse(message);
  if (!parsed.success) return invalid(record, message, parsed.error.message);
  const { v: _, epoch: __, seq: ___, sentAt: ____, campaignId, offer, attempt, ...said } = parsed.data;
  const report = reportSchema.safeParse(said);
  if (!report.success) return invalid(record, message, report.error.message);
  const source = sourceOf(parsed.data);
  const receivedAt = new Date(record.receivedAt).toISOString();
  return {
    kind: 'feedback',
    record,
    source,
    campaignId,
    command: { type: 'HandleReport', offer, attempt, source, receivedAt, report: report.data },
  };
}

function parseInventory(record: FeedbackRecord, message: unknown): ParsedRecord {
  const parsed = inventory.safeParse(message);
  if (!parsed.success) return invalid(record, message, parsed.error.message);
  const ecus = ecusSchema.safeParse(parsed.data.ecus);
  if (!ecus.success) return invalid(record, message, ecus.error.message);
  return { kind: 'inventory', record, source: sourceOf(parsed.data), ecus: ecus.data };
}

/** Epoch and seq are read where they are well-formed, so that the vehicle can let go of the message. */
function invalid(record: FeedbackRecord, message: unknown, why: string): DeadRecord {
  const fields = (typeof message === 'object' && message !== null ? message : {}) as Record<string, unknown>;
  const readEpoch = epoch.safeParse(fields['epoch']);
  const { seq } = fields;
  const readable = readEpoch.success && Number.isSafeInteger(seq) && (seq as number) >= 1;
  const source = readable ? { epoch: readEpoch.data, seq: seq as number, sentAt: null } : null;
  return dead(record, 'invalid-message', why, source);
}

/** Validate → decide → append → receipt and grant, for a batch of one shard's messages (DESIGN §5 "Feedback"). */
import { decideAssignment } from '../../domain/rollout/decide.ts';
import type { FeedbackRecord } from '../ports.ts';
import { count } from './deps.ts';
import { sendGrants, sendUpdates } from './documents.ts';
import { type DeadRecord, type ParsedRecord, parseRecord } from './parse-record.ts';
import { receiptsFor } from './receipts.ts';
import { contextOf, type Rollout } from './rollout.ts';
import { deadLetterKey, type ShardState } from './shard-state.ts';
import { loadRollout } from './takeover.ts';
import { type Heard, VehicleBatch } from './vehicle-batch.ts';

/** Bytes of a dead letter that are kept: one append has to hold them in base64. */
const MAX_RAW_BYTES = 512 * 1024;

interface Outcome {
  /** Accepted offers that are in force: they are due a grant. */
  readonly grants: Set<string>;
  /** Vehicles that answered an offer that is not open any more: they are told what is. */
  readonly updates: Set<string>;
}

/**
 * Resolves when every decision is durable and receipted. Nothing is sent before all appends of the batch are
 * durable, also not for messages without event: their decisions rest on the same state.
 * @throws FencedError, or whatever the store throws: then nothing was receipted, and the shard has to be loaded again.
 */
export async function processBatch(state: ShardState, records: readonly FeedbackRecord[]): Promise<void> {
  const { metrics } = state.worker;
  metrics.records += records.length;
  const parsed = records.map(parseRecord);
  const heard = parsed.filter((message): message is Heard => message.kind !== 'dead');
  const vehicles = new VehicleBatch(state, heard);
  await vehicles.judge();
  const outcome: Outcome = { grants: new Set(), updates: new Set() };
  for (const message of parsed) {
    if (message.kind === 'dead') setAsideDead(state, message);
    else await decideOne(state, message, vehicles, outcome);
  }
  const lost = await vehicles.settle(await state.log.flush(vehicles.requests));
  for (const { message, code, reason } of lost)
    setAsideDead(state, { ...message, kind: 'dead', code, reason });
  await state.log.flush();
  const receipts = receiptsFor(parsed.flatMap(receiptable));
  if (await state.send(receipts, 'receipts')) metrics.receipts += receipts.length;
  await sendUpdates(state, [...outcome.updates], 'updates');
  await sendGrants(state, outcome.grants);
}

const receiptable = (message: ParsedRecord) =>
  message.source === null ? [] : [{ vehicleId: message.record.vehicleId, source: message.source }];

async function decideOne(
  state: ShardState,
  message: Heard,
  vehicles: VehicleBatch,
  outcome: Outcome,
): Promise<void> {
  const verdict = vehicles.verdicts.get(message);
  if (verdict === undefined) throw new Error('a message was not judged');
  if (verdict.kind === 'dead') return setAsideDead(state, { ...message, kind: 'dead', ...reasonOf(verdict) });
  if (verdict.kind === 'set-aside') return count(state.worker.metrics.setAside, verdict.reason);
  if (message.kind === 'inventory') return;
  const { campaignId, record } = message;
  const rollout = await rolloutOf(state, campaignId);
  const row = rollout?.table.indexOf(record.vehicleId) ?? -1;
  if (rollout === null || row < 0) {
    const what = rollout === null ? 'campaign' : 'assignment';
    const reason = `there is no ${what} ${campaignId} of ${record.vehicleId}`;
    return setAsideDead(state, { ...message, kind: 'dead', code: `unknown-${what}`, reason });
  }
  decideReport(state, rollout, row, message, verdict.epoch, outcome);
}

const reasonOf = ({ code, reason }: { readonly code: string; readonly reason: string }) => ({ code, reason });

function decideReport(
  state: ShardState,
  rollout: Rollout,
  row: number,
  message: Extract<Heard, { kind: 'feedback' }>,
  currentEpoch: Heard['source']['epoch'],
  outcome: Outcome,
): void {
  const view = state.view(rollout.campaignId);
  const { vehicleId } = message.record;
  const command = { ...message.command, currentEpoch };
  const decision = decideAssignment(rollout.table.get(row), command, contextOf(rollout, view, state.now_ms));
  const accepts = command.report.kind === 'accepted';
  switch (decision.kind) {
    case 'events':
      for (const event of decision.events) {
        state.record(rollout, event);
        // The outcome of an earlier attempt has closed the offer that is open now.
        if (
          event.type === 'LateOutcomeReported' &&
          event.data.from === 'offered' &&
          event.data.to !== 'offered'
        )
          outcome.updates.add(vehicleId);
      }
      if (accepts) outcome.grants.add(vehicleId);
      break;
    case 'set-aside':
      count(state.worker.metrics.setAside, decision.reason);
      // Accepted again, say by a new TCU: it needs the grant as much as the old one did.
      if (accepts && decision.reason === 'repeated') outcome.grants.add(vehicleId);
      if (decision.reason === 'stale-offer') outcome.updates.add(vehicleId);
      break;
    case 'dead-letter':
      setAsideDead(state, { ...message, kind: 'dead', code: decision.code, reason: decision.reason });
      break;
  }
}

/** Also of a campaign that is over: closed campaigns still take late reports (DESIGN §4.3). */
async function rolloutOf(state: ShardState, campaignId: string): Promise<Rollout | null> {
  const loaded = state.rollouts.get(campaignId);
  if (loaded !== undefined) return loaded;
  const planId = state.opened.get(campaignId);
  return planId === undefined ? null : loadRollout(state, campaignId, planId);
}

/** A repeat of a message that is on record already is only receipted again, where it can be. */
function setAsideDead(state: ShardState, dead: DeadRecord): void {
  const { record, code, reason, source } = dead;
  const { channel, payload, receivedAt } = record;
  const vehicleId = record.vehicleId.slice(0, 64);
  const raw = Buffer.from(payload.subarray(0, MAX_RAW_BYTES)).toString('base64');
  const key = deadLetterKey({ vehicleId, report: source, raw }, state.worker.deps.digest);
  if (state.deadLetters.get(key)) {
    count(state.worker.metrics.setAside, 'repeated');
    return;
  }
  state.deadLetters.set(key, true);
  count(state.worker.metrics.deadLetters, code);
  const cut = payload.length > MAX_RAW_BYTES ? ` (only the first ${MAX_RAW_BYTES} bytes are kept)` : '';
  state.recordShard(
    {
      type: 'ReportSetAside',
      data: {
        shard: state.shard,
        vehicleId,
        channel,
        code: code.slice(0, 64),
        reason: `${reason.slice(0, 1900)}${cut}`,
        raw,
        report: source,
        receivedAt: new Date(receivedAt).toISOString(),
      },
    },
    raw.length + 12_000,
  );
}

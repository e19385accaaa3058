/** Taking a shard: ShardTaken, RolloutTaken to every open rollout, then folding, then deciding (DESIGN §3). */
import type { TargetsEvent } from '../../domain/campaign/events.ts';
import { isOver } from '../../domain/campaign/state.ts';
import { foldTargets } from '../../domain/campaign/targets.ts';
import { type DomainEvent, readEvent } from '../../domain/events.ts';
import type { RolloutEvent, ShardEvent } from '../../domain/rollout/events.ts';
import { rolloutStream, shardStream, targetsStream } from '../../domain/shared/streams.ts';
import type { EventStore, Position, RecordedEvent } from '../ports.ts';
import { ClockBehindError, FencedError } from './deps.ts';
import { Rollout } from './rollout.ts';
import { ShardLog } from './shard-log.ts';
import { foldShard, newFoldedShard, ShardState, type WorkerContext } from './shard-state.ts';

/** How far the clock may be behind the last event, milliseconds: two machines never agree to the bit. */
const MAX_CLOCK_LAG_MS = 60_000;
/** The old owner may write until it sees that it was fenced; it can't win more often than it has appends under way. */
const TAKE_ATTEMPTS = 5;

/** @throws Error on an event of a newer version: who can't judge a stream must not write to it. */
export function readOwned(recorded: RecordedEvent): DomainEvent {
  const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
  if (read.known) return read.event;
  throw new Error(
    `${recorded.stream} has an event ${read.type} v${read.schemaVersion} of a newer version: upgrade this worker`,
  );
}

async function* eventsOf(store: EventStore, stream: string): AsyncGenerator<RecordedEvent> {
  for await (const batch of store.readStream(stream)) yield* batch;
}

function checkClock(worker: WorkerContext, time: string | number, where: string): void {
  const last_ms = typeof time === 'number' ? time : Date.parse(time);
  const now_ms = worker.deps.clock.now();
  if (now_ms >= last_ms - MAX_CLOCK_LAG_MS) return;
  throw new ClockBehindError(
    `this machine's clock (${new Date(now_ms).toISOString()}) is behind the last event of ${where} (${new Date(last_ms).toISOString()}): set it right, then start the worker again`,
  );
}

/** Epoch of the last ShardTaken; null when nobody ever took the shard. */
export async function lastEpoch(store: EventStore, shard: number): Promise<string | null> {
  for await (const batch of store.readStream(shardStream(shard), { direction: 'backward' }))
    for (const recorded of batch) {
      const event = readOwned(recorded);
      if (event.type === 'ShardTaken') return event.data.epoch;
    }
  return null;
}

/** @throws ClockBehindError, FencedError when another worker keeps taking the shard, or what the store throws. */
export async function takeShard(worker: WorkerContext, shard: number): Promise<ShardState> {
  const stream = shardStream(shard);
  await worker.watch.ready;
  for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
    const folded = newFoldedShard();
    let revision = -1;
    for await (const recorded of eventsOf(worker.deps.store, stream)) {
      checkClock(worker, recorded.metadata.time, stream);
      foldShard(folded, readOwned(recorded) as ShardEvent, worker.deps.digest);
      revision = recorded.revision;
    }
    checkClock(worker, worker.watch.lastTime_ms, 'the campaigns');
    const log = new ShardLog(worker.deps, shard, worker.deps.newId());
    const data = { shard, epoch: log.epoch, worker: worker.deps.worker };
    const taken = await appendOwned(worker, log, stream, revision, { type: 'ShardTaken', data });
    if (taken === null) continue;
    await worker.watch.reached(taken);
    const state = new ShardState(worker, log, folded, revision + 1);
    for (const [campaignId, planId] of folded.opened)
      if (!isOver(state.view(campaignId).campaign))
        oweOpen(state, await loadRollout(state, campaignId, planId));
    worker.metrics.shardsTaken += 1;
    return state;
  }
  throw new FencedError(shard, stream);
}

/** Whoever recorded it may have died before sending it: it is sent again, which is harmless (DESIGN §4.4). */
export function oweOpen(state: ShardState, { table }: Rollout): void {
  for (const row of table.rowsIn('offered', 'accepted')) {
    state.owedUpdates.add(table.vehicleId(row));
    if (table.phase(row) === 'accepted') state.owedGrants.add(table.vehicleId(row));
  }
}

/** Also for rollouts of campaigns that are over, when a late report needs one. */
export async function loadRollout(state: ShardState, campaignId: string, planId: string): Promise<Rollout> {
  const { shard, worker, log } = state;
  const targets = await readTargets(worker.deps.store, campaignId, shard, planId);
  const stream = rolloutStream(campaignId, shard);
  for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
    const rollout = new Rollout(campaignId, planId, shard, targets);
    let revision = -1;
    for await (const recorded of eventsOf(worker.deps.store, stream)) {
      checkClock(worker, recorded.metadata.time, stream);
      rollout.apply(readOwned(recorded) as RolloutEvent, Date.parse(recorded.metadata.time));
      revision = recorded.revision;
    }
    const data = { campaignId, shard, planId, epoch: log.epoch };
    const taken = await appendOwned(worker, log, stream, revision, { type: 'RolloutTaken', data });
    if (taken === null) continue;
    // The owner before knew why it halted: until that is known here too, this would look like a halt that is over.
    if (rollout.halted !== null) await worker.watch.reached(taken);
    state.rollouts.set(campaignId, rollout);
    return rollout;
  }
  throw new FencedError(shard, stream);
}

/** @returns where it was appended; null on a conflict. */
async function appendOwned(
  worker: WorkerContext,
  log: ShardLog,
  stream: string,
  expectedRevision: number,
  event: DomainEvent,
): Promise<Position | null> {
  const [result] = await worker.deps.store.append([
    { stream, expectedRevision, events: [log.newEvent(event)], metadata: log.metadata() },
  ]);
  if (result?.status !== 'appended') return null;
  log.own(stream, result.revision);
  return result.position;
}

async function readTargets(store: EventStore, campaignId: string, shard: number, planId: string) {
  const events: TargetsEvent[] = [];
  for await (const recorded of eventsOf(store, targetsStream(campaignId, shard)))
    events.push(readOwned(recorded) as TargetsEvent);
  const targets = foldTargets(events, planId);
  if (targets === null) throw new Error(`the targets of plan ${planId} in shard ${shard} are not closed`);
  return targets;
}

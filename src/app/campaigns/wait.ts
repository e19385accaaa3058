/** Waiting for others to act: until the log says so, or the time is up. */
import { campaignDecider } from '../../domain/campaign/decide.ts';
import { readEvent } from '../../domain/events.ts';
import type { RolloutEvent } from '../../domain/rollout/events.ts';
import { campaignStream, parseStream } from '../../domain/shared/streams.ts';
import { loadStream, type Runtime } from '../handle-command.ts';
import type { Clock, EventStore, Position, RecordedEvent } from '../ports.ts';
import { type CampaignView, foldInto, markOf, newView } from './campaign-view.ts';

/** Shards that have confirmed a halt or a resumption (DESIGN §4.5), and those that have not yet. */
export interface HaltReport {
  readonly halted: boolean;
  readonly shards: readonly number[];
  readonly missing: readonly number[];
}

const NOTHING_TO_HALT: HaltReport = { halted: true, shards: [], missing: [] };

/**
 * Feeds events after `after` to `done` until it gives true.
 * @returns false when the time is up first. @throws when the log can't be read.
 */
export async function until(
  store: EventStore,
  clock: Clock,
  options: { readonly after: Position; readonly prefixes: readonly string[]; readonly timeout_ms: number },
  done: (event: RecordedEvent) => boolean,
): Promise<boolean> {
  const { after, prefixes, timeout_ms } = options;
  const seen = Promise.withResolvers<boolean>();
  const over = new AbortController();
  const subscription = store.subscribe({
    after,
    prefixes,
    onBatch: async ({ events }) => {
      if (events.some(done)) seen.resolve(true);
    },
    onError: (error) => seen.reject(error),
  });
  try {
    const timeout = clock.sleep(timeout_ms, over.signal).then(() => false);
    return await Promise.race([seen.promise, timeout]);
  } finally {
    over.abort();
    await subscription.stop();
  }
}

async function viewOf(store: EventStore, campaignId: string): Promise<CampaignView> {
  const view = newView(campaignId);
  for await (const batch of store.readStream(campaignStream(campaignId)))
    for (const event of batch) foldInto(view, event);
  return view;
}

/**
 * Waits until every shard with targets has appended RolloutHalted for the pause or abort that the campaign is
 * under, or RolloutResumed for its last resumption.
 */
export async function waitForHalt(
  store: EventStore,
  clock: Clock,
  campaignId: string,
  timeout_ms: number,
): Promise<HaltReport> {
  const view = await viewOf(store, campaignId);
  const { state } = view;
  if (state.phase === 'absent' || !state.started) return NOTHING_TO_HALT;
  const isPaused = state.phase === 'paused';
  const isAborted = state.phase === 'aborting' || state.phase === 'aborted';
  const type = isPaused ? 'CampaignPaused' : isAborted ? 'AbortRequested' : 'CampaignResumed';
  const awaited = state.phase === 'running' ? 'RolloutResumed' : 'RolloutHalted';
  const mark = markOf(view, type);
  if (mark === null || state.phase === 'completed' || state.phase === 'reviewed') return NOTHING_TO_HALT;
  const missing = new Set<number>();
  for (const [shard, targets] of (state.plan?.shards ?? []).entries()) if (targets > 0) missing.add(shard);
  const shards: number[] = [];
  const prefix = `rollout-${campaignId}-`;
  const halted = await until(
    store,
    clock,
    { after: mark.position, prefixes: [prefix], timeout_ms },
    (event) => {
      const ref = parseStream(event.stream);
      if (event.type !== awaited || ref.category !== 'rollout' || ref.campaignId !== campaignId) return false;
      const read = readEvent(event.type, event.schemaVersion, event.data);
      const data = read.known ? (read.event as RolloutEvent).data : null;
      if (data !== null && 'cause' in data && data.cause === mark.id && missing.delete(ref.shard))
        shards.push(ref.shard);
      return missing.size === 0;
    },
  );
  return { halted, shards: shards.sort((a, b) => a - b), missing: [...missing] };
}

/** True when the newest targeting has an outcome: frozen, or failed to freeze. */
export async function waitForTargets(
  { store }: Pick<Runtime, 'store'>,
  clock: Clock,
  campaignId: string,
  timeout_ms: number,
): Promise<boolean> {
  const stream = campaignStream(campaignId);
  const after = await store.head();
  const { state } = await loadStream(store, stream, campaignDecider);
  if (state.phase === 'absent' || state.plan?.status !== 'pending') return true;
  return until(store, clock, { after, prefixes: [stream], timeout_ms }, (event) => {
    if (event.stream !== stream) return false;
    return event.type === 'TargetsFrozen' || event.type === 'TargetsFreezeFailed';
  });
}

/**
 * Failed attempts, newest first, by campaign, model, region and code. A document is a failure as it was recorded and
 * never changes: what became of the vehicle since is in its assignment.
 */
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import type { TargetSlice, TargetsEvent } from '../domain/campaign/events.ts';
import type { RolloutEvent } from '../domain/rollout/events.ts';
import { failureOf } from '../domain/rollout/failure.ts';
import { parseStream } from '../domain/shared/streams.ts';

export const FAILURE_FILTERS = ['campaignId', 'model', 'region', 'code'] as const;
export type FailureFilter = Partial<Record<(typeof FAILURE_FILTERS)[number], string>>;

/** The slices that rollout events of one shard name by number. */
interface SlicesDocument extends Document {
  readonly slices: TargetSlice[];
}

export interface FailureDocument extends Document {
  readonly campaignId: string;
  readonly vehicleId: string;
  readonly wave: number;
  readonly attempt: number;
  /** Type of the event. */
  readonly type: string;
  readonly code: string;
  readonly message: string;
  /** As the vehicle was listed; empty where the list is not known. */
  readonly model: string;
  readonly region: string;
  readonly at: string;
}

/** Filters that may be asked for together: each set has an index of its own, so that no page is searched for. */
const SETS: readonly (readonly (keyof FailureFilter)[])[] = Array.from(
  { length: 2 ** FAILURE_FILTERS.length - 1 },
  (_, n) => FAILURE_FILTERS.filter((_filter, bit) => ((n + 1) >> bit) & 1),
);
const indexOf = (filters: readonly string[]): string => `by-${filters.join('-')}`;

/** What to find failures by: equality on the one index that has all the values given. */
export function failuresWhere(filter: FailureFilter): Record<string, string> {
  const given = FAILURE_FILTERS.filter((name) => filter[name] !== undefined);
  if (given.length === 0) return {};
  return { [indexOf(given)]: JSON.stringify(given.map((name) => filter[name])) };
}

const slicesId = (campaignId: string, shard: number): string => `${campaignId}/${shard}`;

export const failures: Projection = {
  name: 'failures',
  version: 1,
  prefixes: ['rollout-', 'targets-'],
  collections: [
    { name: 'failures', indexes: SETS.map(indexOf) },
    { name: 'failure-slices', indexes: [] },
  ],
  keys({ event, recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'targets' && ref.category !== 'rollout') return [];
    if (ref.category === 'rollout' && failureOf(event as RolloutEvent) === null) return [];
    return [{ collection: 'failure-slices', id: slicesId(ref.campaignId, ref.shard) }];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'targets' && ref.category !== 'rollout') return;
    const { campaignId } = ref;
    const id = slicesId(campaignId, ref.shard);
    if (ref.category === 'targets') {
      const held = documents.get<SlicesDocument>('failure-slices', id);
      const after = slicesAfter(held?.slices ?? [], event as TargetsEvent);
      if (after !== null) documents.put('failure-slices', { id, slices: after });
      return;
    }
    const { type, data } = event as RolloutEvent;
    const failure = failureOf(event as RolloutEvent);
    if (failure === null || !('slice' in data)) return;
    const { vehicleId, wave, slice } = data;
    const { model = '', region = '' } =
      documents.get<SlicesDocument>('failure-slices', id)?.slices[slice] ?? {};
    const { code, message, attempt } = failure;
    const filtered = { campaignId, model, region, code };
    documents.put('failures', {
      // Positions sort as the log does: the newest are the last ids.
      id: recorded.position,
      vehicleId,
      wave,
      attempt,
      type,
      message,
      at: recorded.metadata.time,
      ...filtered,
      ...Object.fromEntries(
        SETS.map((set) => [indexOf(set), JSON.stringify(set.map((name) => filtered[name]))]),
      ),
    } satisfies FailureDocument);
  },
};

/** The slices of the newest run of a list; null where the event changes nothing. */
function slicesAfter(slices: readonly TargetSlice[], event: TargetsEvent): TargetSlice[] | null {
  switch (event.type) {
    case 'TargetsOpened':
      return [];
    case 'TargetsListed':
      return [...slices, ...event.data.slices];
    case 'TargetJoined':
      return [...slices, event.data.slice];
    case 'TargetsClosed':
    case 'TargetLeft':
      return null;
  }
}

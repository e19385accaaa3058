/** Which one state a vehicle counts as, of all the campaigns that it is in. */
import type { Phase } from '../domain/rollout/events.ts';
import { isInFlight, isSettled } from '../domain/rollout/state.ts';

/** A vehicle's place in one campaign. */
export interface Part {
  readonly campaignId: string;
  readonly phase: Phase;
}

/** Of a vehicle that is in no campaign. */
export const UNASSIGNED = 'none';
const WAITING = 'waiting';

/** A place moved: it is the newest now. Of those that are settled, only the newest is remembered. */
export function partsAfter(parts: readonly Part[], moved: Part): readonly Part[] {
  const others = withoutPart(parts, moved.campaignId);
  const kept = isOpen(moved) ? others : others.filter(isOpen);
  return [...kept, moved];
}

export const withoutPart = (parts: readonly Part[], campaignId: string): readonly Part[] =>
  parts.filter((part) => part.campaignId !== campaignId);

const isOpen = ({ phase }: Part): boolean => !isSettled(phase);

/**
 * What is counted: an update under way, else a first offer that is waited for, else the newest outcome. Waiting says in
 * which campaign, and what counts otherwise (`waiting/spring/succeeded`), because only a campaign that was started is
 * waited for, and lists are frozen long before that.
 */
export function stateKey(parts: readonly Part[]): string {
  const underWay = parts.findLast(({ phase }) => isInFlight(phase));
  if (underWay !== undefined) return underWay.phase;
  const settled = parts.findLast((part) => !isOpen(part))?.phase ?? UNASSIGNED;
  return parts
    .filter(({ phase }) => phase === WAITING)
    .reduce<string>((otherwise, { campaignId }) => `${WAITING}/${campaignId}/${otherwise}`, settled);
}

/** The campaigns that keys speak of. */
export const campaignsIn = (keys: Iterable<string>): ReadonlySet<string> =>
  new Set([...keys].flatMap((key) => key.split('/').filter((_, at) => at % 2 === 1)));

/** A key as a reader of the fleet wants it: a phase, or `none`. */
function stateOf(key: string, started: ReadonlySet<string>): string {
  const words = key.split('/');
  const waited = words.some((campaignId, at) => at % 2 === 1 && started.has(campaignId));
  return waited ? WAITING : (words.at(-1) ?? UNASSIGNED);
}

export function states(
  counts: Readonly<Record<string, number>>,
  started: ReadonlySet<string>,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, vehicles] of Object.entries(counts)) {
    const state = stateOf(key, started);
    sums[state] = (sums[state] ?? 0) + vehicles;
  }
  return sums;
}

/** What has changed in a plan since it was last approved, from the campaign's own history. */
import type { HistoryEvent } from '../lib/types.ts';

export interface Change {
  readonly what: string;
  readonly before: string;
  readonly now: string;
}

interface Plan {
  readonly policy: unknown;
  readonly query: unknown;
  readonly targets: unknown;
}

function advance(plan: Plan, { type, data }: HistoryEvent): Plan {
  switch (type) {
    case 'CampaignCreated':
    case 'CampaignAmended':
      return { ...plan, policy: data['policy'] };
    case 'TargetingDefined':
      return { ...plan, query: data['query'], targets: null };
    case 'TargetsFrozen':
      return {
        ...plan,
        targets: { vehicles: data['targets'], digest: data['digest'], perWave: data['waves'] },
      };
    default:
      return plan;
  }
}

/** Null when it was never approved. */
export function changesSinceApproval(history: readonly HistoryEvent[]): readonly Change[] | null {
  let plan: Plan = { policy: null, query: null, targets: null };
  let approved: Plan | null = null;
  for (const event of history) {
    plan = advance(plan, event);
    if (event.type === 'CampaignApproved') approved = plan;
  }
  return approved === null ? null : differences(approved, plan, '');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const textOf = (value: unknown): string =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

/** Leaf by leaf, so that one number in one gate is one line. */
export function differences(before: unknown, now: unknown, what: string): readonly Change[] {
  if (isObject(before) && isObject(now))
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
      differences(before[key], now[key], what === '' ? key : `${what}.${key}`),
    );
  return JSON.stringify(before) === JSON.stringify(now)
    ? []
    : [{ what, before: textOf(before), now: textOf(now) }];
}

/** What a calculation takes for granted, in words: without them its numbers can't be judged. */
import type { Change } from './change.ts';
import { LEAST_KNOWN } from './estimate.ts';
import type { CampaignRecord } from './read-record.ts';
import { LOOK_MS, type Rerun } from './rerun.ts';
import type { Basis } from './result.ts';
import { askedBy, type Timeline } from './timeline.ts';

export const ASSUMPTION_CODES = [
  'own-course',
  'estimated',
  'settled-first',
  'nothing-known',
  'order',
  'pace',
  'no-pace',
  'lead',
  'turnaround',
  'retries',
  'windows',
  'people',
  'nobody',
  'new-pause-holds',
  'taken-back',
  'amended',
  'nothing-else',
  'look-interval',
  'so-far',
] as const;

export interface Assumption {
  readonly code: (typeof ASSUMPTION_CODES)[number];
  readonly text: string;
}

interface Facts {
  readonly record: CampaignRecord;
  readonly timeline: Timeline;
  readonly change: Change;
  readonly made: Rerun;
  readonly basis: Basis;
}

export function assumptionsOf(facts: Facts): readonly Assumption[] {
  return [...aboutVehicles(facts), ...aboutOffers(facts), ...aboutPeople(facts), ...aboutLimits(facts)];
}

const vehiclesOf = (count: number): string => `${count} ${count === 1 ? 'vehicle' : 'vehicles'}`;
const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10} %`;

function aboutVehicles({ record, basis }: Facts): Assumption[] {
  const { onRecord, bySlice, byCampaign, unknown } = basis;
  const all = record.vehicles.count;
  const found: Assumption[] = [
    {
      code: 'own-course',
      text: `${onRecord} of ${vehiclesOf(all)} (${percent(onRecord, all)}) take as long from offer to outcome, and end, as they did on record.`,
    },
  ];
  const estimated = bySlice + byCampaign;
  if (estimated > 0)
    found.push({
      code: 'estimated',
      text:
        `No outcome of their own is on record of ${vehiclesOf(estimated)}. Each is taken to go as another vehicle of its model and region did` +
        (byCampaign === 0
          ? '.'
          : `; ${byCampaign} of them as any vehicle of the campaign, because fewer than ${LEAST_KNOWN} of their model and region have an outcome.`),
    });
  if (estimated > 0 && onRecord > 0)
    found.push({
      code: 'settled-first',
      text: 'The vehicles with an outcome are the ones that answered soonest. The others may do better or worse; the range does not cover that.',
    });
  if (unknown > 0)
    found.push({
      code: 'nothing-known',
      text: `No vehicle has an outcome yet, so nothing is known of how ${vehiclesOf(unknown)} would end: they stay in flight.`,
    });
  return found;
}

function aboutOffers({ record, timeline, change, made }: Facts): Assumption[] {
  const found: Assumption[] = [
    {
      code: 'order',
      text: 'Vehicles are offered in the order that the campaign was frozen with, and waves cut that order. The engine shares offers among its shards, so its own order differs a little.',
    },
    record.speed.perSecond === null
      ? { code: 'no-pace', text: 'The engine offers as fast as the plan allows.' }
      : {
          code: 'pace',
          text: `The engine offers at most ${record.speed.perSecond} vehicles a second: its busiest second on record.`,
        },
    {
      code: 'retries',
      text: 'A vehicle that needs a second offer waits for it as long as it did, less pauses; limits and windows do not hold it back again.',
    },
    {
      code: 'taken-back',
      text: 'A pause takes back the offers that no vehicle has taken up; vehicles at work finish.',
    },
  ];
  if (record.speed.lead_ms > 0)
    found.push({
      code: 'lead',
      text: `The first offer of a wave comes ${Math.round(record.speed.lead_ms)} ms after its release, as soon as it ever did on record.`,
    });
  if (made.policy.maxInFlight !== null && record.speed.turnaround_ms > 0)
    found.push({
      code: 'turnaround',
      text: `A place in flight that is given back stays empty for ${Math.round(record.speed.turnaround_ms)} ms, as it did on record at the median.`,
    });
  if (made.policy.window !== null)
    found.push({
      code: 'windows',
      text: 'First offers keep the off-peak hours, in each vehicle’s time zone.',
    });
  if (timeline.after.some(({ event }) => event.type === 'CampaignAmended'))
    found.push({
      code: 'amended',
      text:
        change.people === 'nobody'
          ? 'The plan as it was last amended holds from the start.'
          : 'Amendments of the plan come at the time at which they came; what is changed here holds throughout.',
    });
  return found;
}

/** Gates that ask a person, or that only a person can let pass. */
const asks = ({ happened }: Rerun): boolean =>
  happened.some(
    ({ event }) => event.type === 'GateDecided' && askedBy(event.data.wave, event.data.outcome) !== null,
  );

function aboutPeople({ change, made }: Facts): Assumption[] {
  const holds: Assumption = {
    code: 'new-pause-holds',
    text: 'Nobody lifts a pause that the record does not have: what waits then goes on waiting.',
  };
  if (change.people === 'nobody')
    return [
      {
        code: 'nobody',
        text: `Nobody pauses, resumes or aborts; waves that ask for it are confirmed after ${change.reaction_s} s, and those that are held stay held.`,
      },
      holds,
    ];
  return [
    {
      code: 'people',
      text:
        'People pause, resume, amend and abort at the time at which they did, and answer a gate as long after it as they did, where its wave has the same vehicles; they resume after it only where its limits are the same too.' +
        (asks(made)
          ? ` Other waves that ask for it are confirmed after ${change.reaction_s} s; those that are held stay held.`
          : ''),
    },
    holds,
  ];
}

function aboutLimits({ made, record, timeline }: Facts): Assumption[] {
  const found: Assumption[] = [
    {
      code: 'nothing-else',
      text: 'No other campaign, fleet limit or emergency stop holds anything back.',
    },
  ];
  if (made.outcomesPerLook > 1)
    found.push({
      code: 'look-interval',
      text: `Gates are looked at after ${made.outcomesPerLook} outcomes or ${LOOK_MS / 1000} s, whichever is sooner, so a decision can be that much late.`,
    });
  if (timeline.endedAt === null)
    found.push({
      code: 'so-far',
      text: `The campaign is under way: it is compared with the record up to ${new Date(record.asOf).toISOString()}, and nothing is said of later.`,
    });
  return found;
}

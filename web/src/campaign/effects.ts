/** What a command will do, in numbers, from the newest progress. */
import { count, percent } from '../lib/format.ts';
import { inFlightOf } from '../lib/progress.ts';
import type { Campaign, Progress } from '../lib/types.ts';

export type Verb = 'start' | 'pause' | 'resume' | 'abort' | 'confirm-wave';

export interface Effect {
  readonly title: string;
  /** What the button says. */
  readonly button: string;
  /** Does the answer wait for every shard? */
  readonly halts: boolean;
  readonly does: readonly (readonly [count: string, what: string])[];
  readonly note: string | null;
  readonly needsReason: boolean;
  readonly body: (reason: string) => object;
}

const HALT_NOTE =
  'The answer comes when every shard has stopped. Vehicles that already download or install finish and are counted.';

/** Vehicles that are beyond recall: they have what they need and go on by themselves. */
const underWay = (byPhase: Readonly<Record<string, number>>): number =>
  (byPhase['downloading'] ?? 0) + (byPhase['downloaded'] ?? 0) + (byPhase['installing'] ?? 0);

export function effectsOf(verb: Verb, campaign: Campaign, progress: Progress | null, wave: number): Effect {
  const phases = progress?.byPhase ?? {};
  const waiting = phases['waiting'] ?? 0;
  const offered = phases['offered'] ?? 0;
  const accepted = phases['accepted'] ?? 0;
  const required = (reason: string): object => ({ reason });
  switch (verb) {
    case 'start':
      return {
        title: 'Start the campaign',
        button: 'Start',
        halts: false,
        does: startLines(campaign),
        note: 'Offers go out in each vehicle’s own window, at the planned rate.',
        needsReason: false,
        body: () => ({}),
      };
    case 'pause':
      return {
        title: 'Pause the campaign',
        button: 'Pause',
        halts: true,
        does: [
          [count(waiting), 'vehicles wait and get no offer until it is resumed'],
          [count(offered), 'open offers are taken back and made again later'],
          [count(accepted), 'vehicles have accepted and get no permission to download'],
          [count(underWay(phases)), 'vehicles download or install: they finish and are counted'],
        ],
        note: HALT_NOTE,
        needsReason: true,
        body: required,
      };
    case 'resume':
      return {
        title: 'Resume the campaign',
        button: 'Resume',
        halts: false,
        does: [
          [count(waiting), 'vehicles wait; those of released waves get offers again'],
          [count(inFlightOf(phases)), 'vehicles are in flight and go on'],
        ],
        note: campaign.pause === null ? null : `It was paused because: ${campaign.pause.reason}`,
        needsReason: false,
        body: (reason) => (reason === '' ? {} : { reason }),
      };
    case 'abort':
      return {
        title: 'Abort the campaign',
        button: 'Abort',
        halts: true,
        does: [
          [
            count(waiting + offered + accepted),
            'vehicles are cancelled and never get this update from this campaign',
          ],
          [count(underWay(phases)), 'vehicles download or install: they finish and are counted'],
          [count(progress?.succeeded ?? 0), 'vehicles have it and keep it'],
        ],
        note: `${HALT_NOTE} An aborted campaign can not be resumed.`,
        needsReason: true,
        body: required,
      };
    case 'confirm-wave':
      return confirmEffect(campaign, progress, wave);
  }
}

const startLines = (campaign: Campaign): Effect['does'] => {
  const waves = campaign.plan?.waves ?? [];
  return [
    [count(waves[0] ?? 0), `vehicles of wave 1 (${campaign.waves[0]?.name ?? ''}) get offers`],
    [
      count(waves.slice(1).reduce((sum, vehicles) => sum + vehicles, 0)),
      'vehicles of later waves follow when the gates pass',
    ],
  ];
};

function confirmEffect(campaign: Campaign, progress: Progress | null, wave: number): Effect {
  const share = progress?.waves.find((one) => one.wave === wave);
  const failing = share === undefined || share.targets === 0 ? 0 : share.failed / share.targets;
  const next = campaign.plan?.waves[wave] ?? 0;
  return {
    title: `Let wave ${wave} pass`,
    button: 'Let it pass',
    halts: false,
    does: [
      [
        percent(failing),
        `of this wave have failed: ${count(share?.failed ?? 0)} of ${count(share?.targets ?? 0)}`,
      ],
      [
        count(next),
        next === 0 ? 'vehicles follow: it is the last wave' : `vehicles of wave ${wave + 1} get offers`,
      ],
    ],
    note: campaign.waves[wave - 1]?.gate?.reason ?? null,
    needsReason: false,
    body: (note) => ({ wave, note }),
  };
}

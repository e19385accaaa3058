/** What a command will do, in numbers, from the newest progress. */
import { count, counted, percent } from '../lib/format.ts';
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
  'The answer comes when the whole engine has stopped offering. Vehicles that already download or install finish and are counted.';

type Phases = Readonly<Record<string, number>>;

/** Vehicles that are beyond recall: they have what they need and go on by themselves. */
const underWay = (byPhase: Phases): number =>
  (byPhase['downloading'] ?? 0) + (byPhase['downloaded'] ?? 0) + (byPhase['installing'] ?? 0);

export const finishing = (vehicles: number): readonly [string, string] =>
  counted(
    vehicles,
    'vehicle downloads or installs: it finishes and is counted',
    'vehicles download or install: they finish and are counted',
  );

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
        does: pauseLines(phases),
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
          counted(
            waiting,
            'vehicle waits; it gets an offer again if its wave is released',
            'vehicles wait; those of released waves get offers again',
          ),
          counted(inFlightOf(phases), 'vehicle is in flight and goes on', 'vehicles are in flight and go on'),
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
          counted(
            waiting + offered + accepted,
            'vehicle is cancelled and never gets this update from this campaign',
            'vehicles are cancelled and never get this update from this campaign',
          ),
          finishing(underWay(phases)),
          counted(progress?.succeeded ?? 0, 'vehicle has it and keeps it', 'vehicles have it and keep it'),
        ],
        note: `${HALT_NOTE} An aborted campaign can not be resumed.`,
        needsReason: true,
        body: required,
      };
    case 'confirm-wave':
      return confirmEffect(campaign, progress, wave);
  }
}

const pauseLines = (phases: Phases): Effect['does'] => [
  counted(
    phases['waiting'] ?? 0,
    'vehicle waits and gets no offer until it is resumed',
    'vehicles wait and get no offer until it is resumed',
  ),
  counted(
    phases['offered'] ?? 0,
    'open offer is taken back and made again later',
    'open offers are taken back and made again later',
  ),
  counted(
    phases['accepted'] ?? 0,
    'vehicle has accepted and gets no permission to download',
    'vehicles have accepted and get no permission to download',
  ),
  finishing(underWay(phases)),
];

const startLines = (campaign: Campaign): Effect['does'] => {
  const waves = campaign.plan?.waves ?? [];
  return [
    counted(
      waves[0] ?? 0,
      `vehicle of wave 1 (${campaign.waves[0]?.name ?? ''}) gets an offer`,
      `vehicles of wave 1 (${campaign.waves[0]?.name ?? ''}) get offers`,
    ),
    counted(
      waves.slice(1).reduce((sum, vehicles) => sum + vehicles, 0),
      'vehicle of a later wave follows when the gates pass',
      'vehicles of later waves follow when the gates pass',
    ),
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
      next === 0
        ? [count(0), 'vehicles follow: it is the last wave']
        : counted(
            next,
            `vehicle of wave ${wave + 1} gets an offer`,
            `vehicles of wave ${wave + 1} get offers`,
          ),
    ],
    note: campaign.waves[wave - 1]?.gate?.reason ?? null,
    needsReason: false,
    body: (note) => ({ wave, note }),
  };
}

/** The live view: what there is to see in a second first, what explains it below. */

import { clock, compact, count, duration, minute, percent, plural, words } from '../lib/format.ts';
import { inFlightOf, outcomesOf, rateOf, type Sample, settledOf } from '../lib/progress.ts';
import { wilson } from '../lib/statistics.ts';
import type { Campaign, Progress } from '../lib/types.ts';
import { useFleet } from '../shell/banners.tsx';
import { Legend, type Part, StackedBar } from '../ui/bars.tsx';
import { Card, Figures } from '../ui/card.tsx';
import { type TakeProps, TakeTable } from '../ui/copy.tsx';
import { Codes, Regions, Stages } from './breakdowns.tsx';
import { BUCKET_HEAD, bucketRows, untilSettled } from './buckets.ts';
import { FailureMap } from './failure-map.tsx';
import { HeatMap } from './heat-map.tsx';
import {
  CODE_HEAD,
  codeRows,
  REGION_HEAD,
  regionRows,
  SLICE_HEAD,
  STAGE_HEAD,
  sliceRows,
  stageRows,
  WAVE_HEAD,
  waveRows,
} from './tables.ts';
import { Throughput } from './throughput.tsx';
import { Waves } from './waves.tsx';

interface OverviewProps {
  readonly campaign: Campaign;
  readonly progress: Progress;
  readonly samples: readonly Sample[];
  /** When it is, for a past instant: the rate is that of then. Left out = now. */
  readonly at?: number;
}

const RATE_WINDOW_MS = 120_000;

/** The strictest gate of the waves under way, as a share: what a failure rate is measured against. */
export const limitOf = ({ policy, releasedWave }: Campaign): number => {
  const gate = policy.waves[Math.max(0, releasedWave - 1)]?.gate ?? policy.waves[0]?.gate;
  return (gate?.failurePercent ?? 5) / 100;
};

export function Overview({ campaign, progress, samples, at }: OverviewProps) {
  const limit = limitOf(campaign);
  // The list is of now: at a past instant it would answer another question.
  const listed = at === undefined ? campaign.id : null;
  const over = at === undefined && ['completed', 'aborted'].includes(progress.state);
  const course = over ? untilSettled(samples) : samples;
  const end = over ? course.at(-1)?.at : at;
  const take = (name: string, head: readonly string[], rows: TakeProps['rows']) => (
    <TakeTable name={`${campaign.id}-${name}`} head={head} rows={rows} />
  );
  return (
    <div className="stack">
      <Totals progress={progress} samples={samples} at={at} />
      <div className="columns">
        <Card title="Waves and gates" aside={take('waves', WAVE_HEAD, () => waveRows(campaign, progress))}>
          <Waves campaign={campaign} progress={progress} />
        </Card>
        <div className="stack">
          <Card
            title="Throughput"
            aside={
              <span className="row">
                Settled vehicles a minute
                {take('throughput', BUCKET_HEAD, () => bucketRows(course))}
              </span>
            }
          >
            <Throughput samples={course} until={end === undefined ? 'now' : clock(end)} />
          </Card>
          <Card
            title="In flight"
            aside={
              <span className="row">
                {plural(inFlightOf(progress.byPhase), 'vehicle')}
                {take('in-flight', STAGE_HEAD, () => stageRows(progress))}
              </span>
            }
          >
            <Stages progress={progress} />
          </Card>
        </div>
      </div>
      <div className="beside-map">
        <Card
          title="Failure rate by vehicle type and region"
          aside={
            <span className="row">
              Limit of the gate: {percent(limit)}
              {take('failure-rates', SLICE_HEAD, () => sliceRows(progress, limit))}
            </span>
          }
        >
          <HeatMap progress={progress} limit={limit} campaignId={listed} />
        </Card>
        <Card title="Where it fails" aside="Circles by number of targets, coloured as the table">
          <FailureMap byRegion={progress.byRegion} limit={limit} />
        </Card>
      </div>
      <div className="columns">
        <Card
          title="Failure codes"
          aside={
            <span className="row">
              {plural(sum(progress.failureCodes), 'failed attempt')}
              {take('failure-codes', CODE_HEAD, () => codeRows(progress.failureCodes))}
            </span>
          }
        >
          <Codes codes={progress.failureCodes} campaignId={listed} />
        </Card>
        <Card title="By region" aside={take('regions', REGION_HEAD, () => regionRows(progress, limit))}>
          <Regions progress={progress} />
        </Card>
      </div>
    </div>
  );
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, value) => total + value, 0);

const partsOf = (progress: Progress): readonly Part[] => [
  { name: 'Succeeded', value: progress.succeeded, color: 'var(--good)' },
  { name: 'Failed', value: progress.failed, color: 'var(--bad-fill)' },
  {
    name: 'Excused',
    value: settledOf(progress) - progress.succeeded - progress.failed,
    color: 'var(--line-strong)',
  },
  { name: 'In flight', value: inFlightOf(progress.byPhase), color: 'var(--run)' },
  { name: 'Waiting', value: progress.byPhase['waiting'] ?? 0, color: 'var(--idle)' },
];

/** Why there is no estimate of the end. */
function endless({ state, pending }: Progress, stopped: boolean): string {
  if (pending === 0) return 'all are settled';
  if (stopped) return 'emergency stop';
  return state === 'running' ? 'no end in sight' : words(state);
}

interface TotalsProps {
  readonly progress: Progress;
  readonly samples: readonly Sample[];
  readonly at: number | undefined;
}

function Totals({ progress, samples, at }: TotalsProps) {
  const fleet = useFleet();
  // At a past instant it is not known here; what was under way then went on.
  const stopped = at === undefined && fleet.data?.emergencyStop.active === true;
  const now = at ?? Date.now();
  const rate = progress.state === 'running' ? rateOf(samples, RATE_WINDOW_MS) : null;
  const outcomes = outcomesOf(progress);
  const { rate: failing, low, high } = wilson(progress.failed, outcomes);
  const left_s = rate === null || rate === 0 || stopped ? null : progress.pending / rate;
  const parts = partsOf(progress);
  const of = (value: number): string =>
    progress.targets === 0 ? '' : `${percent(value / progress.targets)} of targets`;
  return (
    <div className="stack">
      <Figures
        label="Totals"
        figures={[
          {
            name: 'Targets',
            value: count(progress.targets),
            note: `${count(progress.incompatible)} more can't take it`,
          },
          { name: 'Succeeded', value: count(progress.succeeded), note: of(progress.succeeded), tone: 'good' },
          {
            name: 'Failed',
            value: count(progress.failed),
            note:
              outcomes === 0 ? 'no outcome yet' : `${percent(failing)} (${percent(low)} – ${percent(high)})`,
            tone: progress.failed > 0 ? 'bad' : undefined,
          },
          { name: 'Pending', value: count(progress.pending), note: of(progress.pending) },
          { name: 'Progress', value: percent(progress.percent / 100), note: 'settled' },
          {
            name: 'Rate',
            value: rate === null ? '–' : `${compact(Math.round(rate * 60))}/min`,
            note:
              left_s === null
                ? endless(progress, stopped)
                : `${duration(left_s)} left, ≈ ${minute(now + left_s * 1000)}`,
          },
        ]}
      />
      <StackedBar
        parts={parts}
        total={progress.targets}
        label={parts.map(({ name, value }) => `${name}: ${count(value)}`).join(', ')}
      />
      <Legend parts={parts} format={count} />
    </div>
  );
}

/** The live view: what there is to see in a second first, what explains it below. */

import { clock, compact, count, duration, minute, percent, words } from '../lib/format.ts';
import { inFlightOf, outcomesOf, rateOf, type Sample, STAGES, settledOf } from '../lib/progress.ts';
import { Link } from '../lib/router.tsx';
import { wilson } from '../lib/statistics.ts';
import type { Campaign, Progress } from '../lib/types.ts';
import { Legend, MeterBar, type Part, StackedBar } from '../ui/bars.tsx';
import { Card, Figures } from '../ui/card.tsx';
import { Empty } from '../ui/states.tsx';
import { failuresOf } from './failures-of.ts';
import { HeatMap } from './heat-map.tsx';
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
  // The list is of now: at a past instant it would answer another question.
  const listed = at === undefined ? campaign.id : null;
  return (
    <div className="stack">
      <Totals progress={progress} samples={samples} at={at} />
      <div className="columns">
        <Card title="Waves and gates">
          <Waves campaign={campaign} progress={progress} />
        </Card>
        <div className="stack">
          <Card title="Throughput" aside="Settled vehicles a minute">
            <Throughput samples={samples} until={at === undefined ? 'now' : clock(at)} />
          </Card>
          <Card title="In flight" aside={`${count(inFlightOf(progress.byPhase))} vehicles`}>
            <Stages progress={progress} />
          </Card>
        </div>
      </div>
      <Card
        title="Failure rate by vehicle type and region"
        aside={`Limit of the gate: ${percent(limitOf(campaign))}`}
      >
        <HeatMap progress={progress} limit={limitOf(campaign)} campaignId={listed} />
      </Card>
      <div className="columns">
        <Card title="Failure codes" aside={`${count(sum(progress.failureCodes))} failed attempts`}>
          <Codes codes={progress.failureCodes} campaignId={listed} />
        </Card>
        <Card title="By region">
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
const endless = ({ state, pending }: Progress): string =>
  pending === 0 ? 'all are settled' : state === 'running' ? 'no end in sight' : words(state);

interface TotalsProps {
  readonly progress: Progress;
  readonly samples: readonly Sample[];
  readonly at: number | undefined;
}

function Totals({ progress, samples, at = Date.now() }: TotalsProps) {
  const rate = progress.state === 'running' ? rateOf(samples, RATE_WINDOW_MS) : null;
  const outcomes = outcomesOf(progress);
  const { rate: failing, low, high } = wilson(progress.failed, outcomes);
  const left_s = rate === null || rate === 0 ? null : progress.pending / rate;
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
                ? endless(progress)
                : `${duration(left_s)} left, ≈ ${minute(at + left_s * 1000)}`,
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

function Stages({ progress }: { readonly progress: Progress }) {
  const most = Math.max(1, inFlightOf(progress.byPhase));
  return (
    <dl className="stages">
      {STAGES.map((stage) => {
        const vehicles = progress.byPhase[stage] ?? 0;
        return (
          <div key={stage}>
            <dt>{words(stage)}</dt>
            <dd>{count(vehicles)}</dd>
            <dd>
              <MeterBar value={vehicles} of={most} label={`${stage}: ${vehicles}`} />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

const CODES_SHOWN = 8;

interface CodesProps {
  readonly codes: Readonly<Record<string, number>>;
  /** Whose failed vehicles a code leads to; null = to none. */
  readonly campaignId: string | null;
}

function Codes({ codes, campaignId }: CodesProps) {
  const sorted = Object.entries(codes).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return <Empty>Nothing has failed.</Empty>;
  const most = sorted[0]?.[1] ?? 1;
  const rest = sorted.slice(CODES_SHOWN);
  return (
    <ul className="codes">
      {sorted.slice(0, CODES_SHOWN).map(([code, times]) => (
        <li key={code}>
          {campaignId === null ? (
            <code>{code}</code>
          ) : (
            <Link to={failuresOf(campaignId, { code })}>
              <code>{code}</code>
            </Link>
          )}
          <strong>{count(times)}</strong>
          <MeterBar value={times} of={most} label={`${code}: ${times}`} color="var(--bad-fill)" />
        </li>
      ))}
      {rest.length === 0 ? null : (
        <li className="quiet">
          {count(rest.length)} more codes{' '}
          <span>{count(rest.reduce((total, [, times]) => total + times, 0))}</span>
        </li>
      )}
    </ul>
  );
}

function Regions({ progress }: { readonly progress: Progress }) {
  const regions = Object.entries(progress.byRegion).sort(([, a], [, b]) => b.targets - a.targets);
  if (regions.length === 0) return <Empty>There are no targets yet.</Empty>;
  return (
    <ul className="codes">
      {regions.map(([region, { targets, succeeded, failed, pending }]) => (
        <li key={region}>
          <span>{region === '' ? 'No region' : region}</span>
          <span className="small quiet">
            {count(targets - pending)} of {count(targets)} settled, {count(failed)} failed
          </span>
          <StackedBar
            total={targets}
            label={`${region}: ${succeeded} succeeded, ${failed} failed, ${pending} pending`}
            parts={[
              { name: 'Succeeded', value: succeeded, color: 'var(--good)' },
              { name: 'Failed', value: failed, color: 'var(--bad-fill)' },
              { name: 'Excused', value: targets - pending - succeeded - failed, color: 'var(--line-strong)' },
            ]}
          />
        </li>
      ))}
    </ul>
  );
}

/** What would have happened, what differs, and what that rests on. */
import type { WhatIf } from '../../../src/api/what-if/schemas.ts';
import { count, duration, localTimes, percent, plural, time, words } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import { Card, Figures } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Curve } from './curves.tsx';
import { restsText, sureText } from './sure.ts';
import { SideBySide, WaveTable } from './tables.tsx';

interface AnswerProps {
  readonly answer: WhatIf;
  /** Another one is on its way. */
  readonly stale: boolean;
}

export function AnswerView({ answer, stale }: AnswerProps) {
  return (
    <div className="stack" aria-busy={stale}>
      <Card
        title="What would have happened"
        aside={<span role="status">{stale ? 'Calculating…' : `record up to ${time(answer.asOf)}`}</span>}
      >
        <Headline answer={answer} />
      </Card>
      <Numbers answer={answer} />
      <Curves answer={answer} />
      <SideBySide answer={answer} />
      <WaveTable answer={answer} />
      <Assumptions answer={answer} />
    </div>
  );
}

type Stop = WhatIf['recorded']['stops'][number];

const since = (answer: WhatIf, at: string): string =>
  duration((Date.parse(at) - Date.parse(answer.startedAt)) / 1000);

function Headline({ answer }: { readonly answer: WhatIf }) {
  const { calculated, recorded } = answer;
  return (
    <div className="stack">
      {calculated.stops.length === 0 ? (
        <p>
          <strong>It would not have been paused.</strong>
        </p>
      ) : (
        calculated.stops.map((stop) => <StopLine key={stop.at} answer={answer} stop={stop} />)
      )}
      <p>{endOf(answer)}</p>
      <p className="small quiet">
        {recorded.stops.length === 0
          ? 'On record it was never paused.'
          : `On record it was paused ${recorded.stops.map(({ at }) => `${time(at)} (${since(answer, at)} after the start)`).join(', ')}.`}
      </p>
    </div>
  );
}

const BY: Readonly<Record<Stop['by'], string>> = {
  gate: 'by its gate',
  slice: 'for a slice',
  person: 'by a person',
};

function StopLine({ answer, stop }: { readonly answer: WhatIf; readonly stop: Stop }) {
  const { at, by, reason, resumedAt } = stop;
  const to = `/campaigns/${encodeURIComponent(answer.campaignId)}?tab=replay&at=${encodeURIComponent(at)}`;
  return (
    <div>
      <p>
        Paused {BY[by]} <strong>{time(at)}</strong>, {since(answer, at)} after the start
        {resumedAt === null ? '' : `, resumed ${time(resumedAt)}`}.{' '}
        <Link to={to}>Look at that moment on record</Link>
      </p>
      <p className="small">{reason}</p>
    </div>
  );
}

function endOf({ calculated, over }: WhatIf): string {
  const { state, endedAt, waves, totals } = calculated;
  if (endedAt !== null) return `${words(state)} ${time(endedAt)}.`;
  const left = totals.waiting + totals.inFlight;
  if (state === 'paused') return `It stays paused: ${plural(left, 'vehicle')} would still wait.`;
  if (!over) return `By now it would be ${words(state).toLowerCase()}.`;
  const gate = waves.findLast((wave) => wave.gate !== null)?.gate;
  const why = gate === undefined || gate === null ? '' : ` ${gate.reason}`;
  return `It would come to a standstill with ${plural(left, 'vehicle')} left.${why}`;
}

function Numbers({ answer }: { readonly answer: WhatIf }) {
  const { calculated, recorded, difference, basis, targets } = answer;
  return (
    <Figures
      label="What would have happened"
      figures={[
        {
          name: 'Failed',
          value: count(calculated.totals.failed),
          note: `${sureText(basis)}; on record ${count(recorded.totals.failed)}`,
          tone: calculated.totals.failed > recorded.totals.failed ? 'bad' : undefined,
        },
        {
          name: 'Spared',
          value: count(difference.spared),
          note: difference.added === 0 ? 'failed on record' : `and ${count(difference.added)} more failed`,
          tone: difference.spared > 0 ? 'good' : undefined,
        },
        {
          name: 'Without it',
          value: count(difference.withheld),
          note:
            difference.gained === 0
              ? 'have it on record'
              : `have it on record; ${count(difference.gained)} more would`,
        },
        {
          name: 'Rests on record',
          value: percent(basis.onRecord / Math.max(1, targets)),
          note: restsText(basis, targets),
        },
      ]}
    />
  );
}

const HEAD = ['at', 'failed on record', 'failed calculated', 'succeeded on record', 'succeeded calculated'];

function Curves({ answer }: { readonly answer: WhatIf }) {
  const rows = () =>
    answer.series.points.map(({ at, recorded, calculated }) => [
      at,
      recorded?.failed ?? '',
      calculated.failed,
      recorded?.succeeded ?? '',
      calculated.succeeded,
    ]);
  return (
    <Card title="Over time" aside={<TakeTable name="what-if-series" head={HEAD} rows={rows} />}>
      <div className="stack">
        <p className="legend what-if-legend">
          <span className="calculated">Calculated</span>
          <span className="recorded">On record</span>
          <span className="mark">Paused</span>
        </p>
        <h3 className="small">Failed</h3>
        <Curve answer={answer} measure="failed" title="Failed" />
        <h3 className="small">Succeeded</h3>
        <Curve answer={answer} measure="succeeded" title="Succeeded" />
      </div>
    </Card>
  );
}

function Assumptions({ answer }: { readonly answer: WhatIf }) {
  return (
    <Card title="What it assumes">
      <ul className="stack small">
        {answer.assumptions.map(({ code, text }) => (
          <li key={code}>{localTimes(text)}</li>
        ))}
      </ul>
    </Card>
  );
}

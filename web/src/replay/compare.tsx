/** Two instants of a campaign, or two campaigns at the same time after their start, side by side. */
import { useQuery } from '@tanstack/react-query';
import { count, duration, percent, time } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { inFlightOf, outcomesOf } from '../lib/progress.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Campaign, Progress } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { ProblemView } from '../ui/states.tsx';
import { type Series, type Then, useSeries, useThen } from './use-replay.ts';

interface CompareProps {
  readonly campaign: Campaign;
  readonly series: Series;
  readonly now: number;
}

export function Compare({ campaign, series, now }: CompareProps) {
  const [other, setOther] = useQueryState('with');
  const [mark, setMark] = useQueryState('mark');
  const all = useQuery(campaignsOf()).data?.items ?? [];
  const own = other === '' || other === campaign.id;
  const elapsed = now - Date.parse(series.from);
  const theirs = useSeries(own ? campaign.id : other);
  const theirStart = theirs.data === undefined ? null : Date.parse(theirs.data.from);
  const marked = Number.isFinite(Date.parse(mark)) ? Date.parse(mark) : null;
  const at = own ? marked : theirStart === null ? null : theirStart + elapsed;
  const here = useThen(campaign.id, now);
  const there = useThen(own ? campaign.id : other, at);
  return (
    <Card title="Compare">
      <div className="stack">
        <div className="row">
          <label className="row">
            With
            <select
              className="input"
              value={own ? '' : other}
              onChange={(event) => setOther(event.target.value)}
            >
              <option value="">another instant of this campaign</option>
              {all
                .filter(({ id }) => id !== campaign.id)
                .map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}, as long after its beginning
                  </option>
                ))}
            </select>
          </label>
          {own ? (
            <button type="button" className="button" onClick={() => setMark(new Date(now).toISOString())}>
              Mark this instant
            </button>
          ) : null}
        </div>
        <ProblemView error={there.error} />
        {at === null || here.data === undefined || there.data === undefined ? (
          <p className="quiet">Mark an instant, then move on the time line: the two are compared here.</p>
        ) : (
          <Table
            left={{
              name: own ? time(at) : `${other}, ${duration(elapsed / 1000)} after its beginning`,
              state: there.data,
            }}
            right={{
              name: own ? time(now) : `${campaign.id}, ${duration(elapsed / 1000)} after its beginning`,
              state: here.data,
            }}
          />
        )}
      </div>
    </Card>
  );
}

interface Side {
  readonly name: string;
  readonly state: Then;
}

type Row = readonly [name: string, of: (progress: Progress) => number, show: (value: number) => string];

const ROWS: readonly Row[] = [
  ['Targets', ({ targets }) => targets, count],
  ['Succeeded', ({ succeeded }) => succeeded, count],
  ['Failed', ({ failed }) => failed, count],
  ['Failure rate', (one) => (outcomesOf(one) === 0 ? 0 : one.failed / outcomesOf(one)), percent],
  ['Excused', ({ targets, succeeded, failed, pending }) => targets - succeeded - failed - pending, count],
  ['In flight', ({ byPhase }) => inFlightOf(byPhase), count],
  ['Waiting', ({ byPhase }) => byPhase['waiting'] ?? 0, count],
  ['Progress', ({ percent: done }) => done / 100, percent],
];

function Table({ left, right }: { readonly left: Side; readonly right: Side }) {
  const value = (side: Side, of: Row[1]): number =>
    side.state.progress === null ? 0 : of(side.state.progress);
  const cells = ROWS.map(([name, of, show]) => {
    const [before, now] = [value(left, of), value(right, of)];
    const sign = now > before ? '+' : '';
    return {
      name,
      taken: [name, before, now, Number((now - before).toFixed(6))],
      before: show(before),
      now: show(now),
      change: now === before ? '=' : `${sign}${show(now - before)}`,
    };
  });
  const head = ['Figure', left.name, right.name, 'Difference'];
  return (
    <Scrolls label="Comparison">
      <table className="table">
        <thead>
          <tr>
            <th>
              <TakeTable name="comparison" head={head} rows={() => cells.map(({ taken }) => taken)} />
            </th>
            {head.slice(1).map((name) => (
              <th key={name} className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.map(({ name, before, now, change }) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="num">{before}</td>
              <td className="num">{now}</td>
              <td className="num quiet">{change}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}

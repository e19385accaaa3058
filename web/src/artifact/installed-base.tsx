/** How many vehicles ran which version of an artifact's target, over time. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import '../styles/installed-base.css';
import { get, isProblem, path, queryOf } from '../lib/api.ts';
import { count, duration, percent, plural, time } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Artifact } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { type Band, bandsOf, type Installed, nameOf, nearest } from './bands.ts';
import { classOf, InstalledBaseChart, type Mark } from './installed-base-chart.tsx';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SPANS: readonly (readonly [name: string, text: string, ms: number])[] = [
  ['hour', 'Last hour', HOUR_MS],
  ['day', 'Last day', DAY_MS],
  ['week', 'Last 7 days', 7 * DAY_MS],
  ['month', 'Last 30 days', 30 * DAY_MS],
  ['year', 'Last year', 365 * DAY_MS],
];
const REFRESH_MS = 30_000;

/** Null where no vehicle ever had the target. */
async function load(
  { target }: Artifact,
  span: string,
  slice: string,
  signal: AbortSignal,
): Promise<Installed | null> {
  const length_ms = SPANS.find(([name]) => name === span)?.[2] ?? null;
  const [kind = '', ...value] = slice.split(':');
  const query = queryOf({
    from: length_ms === null ? null : new Date(Date.now() - length_ms).toISOString(),
    [kind === 'model' ? 'model' : 'region']: value.join(':'),
  });
  try {
    const url = path`/v1/software/${target.ecuType}/${target.component}/installed-base`;
    return await get<Installed>(url + query, signal);
  } catch (error) {
    if (isProblem(error, 'not-found')) return null;
    throw error;
  }
}

export default function InstalledBase({ artifact }: { readonly artifact: Artifact }) {
  const [span, setSpan] = useQueryState('span');
  const [slice, setSlice] = useQueryState('of');
  const { ecuType, component } = artifact.target;
  const query = useQuery({
    queryKey: ['installed-base', ecuType, component, span, slice],
    queryFn: ({ signal }) => load(artifact, span, slice, signal),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const controls = (
    <span className="row">
      <select
        className="input"
        aria-label="Time"
        value={span}
        onChange={(event) => setSpan(event.target.value)}
      >
        <option value="">All of it</option>
        {SPANS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      <SliceField slice={slice} onSlice={setSlice} base={query.data ?? null} />
    </span>
  );
  return (
    <Card title="Installed base over time" aside={query.data === null ? undefined : controls}>
      <Loaded query={query} what="the installed base">
        {(base) =>
          base === null ? (
            <Empty>
              <p>
                No vehicle has reported {ecuType}/{component} yet. It is counted as soon as one does: register
                vehicles with their ECUs, or let them report their inventory.
              </p>
              <Link to="/vehicles">Go to the vehicles</Link>
            </Empty>
          ) : (
            <Told base={base} artifact={artifact} />
          )
        }
      </Loaded>
    </Card>
  );
}

interface SliceProps {
  readonly slice: string;
  readonly onSlice: (slice: string) => void;
  readonly base: Installed | null;
}

/** Countries are told with their parts, also where only a part is a vehicle's region. */
function SliceField({ slice, onSlice, base }: SliceProps) {
  const regions = base?.regions ?? [];
  const known = [...new Set(regions.flatMap((region) => [region.split('-')[0] ?? region, region]))].sort();
  const groups = [
    ['Region', 'region', known],
    ['Model', 'model', base?.models ?? []],
  ] as const;
  const isListed = groups.some(([, kind, values]) => values.some((value) => `${kind}:${value}` === slice));
  return (
    <select
      className="input"
      aria-label="Vehicles"
      value={slice}
      onChange={(event) => onSlice(event.target.value)}
    >
      <option value="">All vehicles</option>
      {slice === '' || isListed ? null : <option value={slice}>{slice}</option>}
      {groups.map(([label, kind, values]) => (
        <optgroup key={kind} label={label}>
          {values.map((value) => (
            <option key={value} value={`${kind}:${value}`}>
              {value}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

function Told({ base, artifact }: { readonly base: Installed; readonly artifact: Artifact }) {
  /** A time and no number: there are other instants whenever it is asked again. */
  const [pointed, setPointed] = useState<number | null>(null);
  const marks = useMarks(artifact.id, base);
  const last = base.instants.length - 1;
  if ((base.vehicles.at(-1) ?? 0) === 0 && base.versions.length === 0)
    return <Empty>No vehicle had it in this time. Choose a longer time, or all vehicles.</Empty>;
  const bands = bandsOf(base, artifact.version);
  const instants = base.instants.map((at) => Date.parse(at));
  const moment = pointed === null ? last : nearest(instants, pointed);
  return (
    <div className="installed stack">
      <Now base={base} own={bands[0]} version={artifact.version} />
      <InstalledBaseChart
        instants={instants}
        bands={bands}
        marks={marks}
        moment={moment}
        onMoment={(to) => setPointed(to === null || to === last ? null : (instants[to] ?? null))}
      />
      <Readout bands={bands} at={saidTime(base, moment)} moment={moment} />
      {marks.length === 0 ? null : (
        <ul className="small row">
          {marks.map(({ id, title, at }) => (
            <li key={id} className="marked">
              <Link to={path`/campaigns/${id}`}>{title}</Link> started {time(at)}
            </li>
          ))}
        </ul>
      )}
      <Table base={base} version={artifact.version} />
    </div>
  );
}

function Now({
  base,
  own,
  version,
}: {
  readonly base: Installed;
  readonly own: Band | undefined;
  readonly version: string;
}) {
  const all = base.vehicles.at(-1) ?? 0;
  const having = own?.vehicles.at(-1) ?? 0;
  if (having === 0) return <p>No vehicle runs {version} now.</p>;
  return (
    <p>
      <strong>{count(having)}</strong> of {plural(all, 'vehicle')} ({percent(having / all)}){' '}
      {having === 1 ? 'runs' : 'run'} {version} now.
    </p>
  );
}

/** The last instant is now, and may be within a second of the one before. */
const saidTime = ({ instants }: Installed, n: number): string =>
  `${time(instants[n] ?? '')}${n === instants.length - 1 ? ', now' : ''}`;

/** The legend, with the numbers of the moment that is pointed at. */
function Readout({
  bands,
  at,
  moment,
}: {
  readonly bands: readonly Band[];
  readonly at: string;
  readonly moment: number;
}) {
  return (
    <div className="readout">
      <strong>{at}</strong>
      <ul>
        {bands.map((band, n) => (
          <li key={band.name} className={classOf(band, n)}>
            <span className="mono">{band.name}</span>
            <span className="num">{count(band.vehicles[moment] ?? 0)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Campaigns with the artifact that were started in the time that is shown. */
function useMarks(artifactId: string, { instants }: Installed): readonly Mark[] {
  const campaigns = useQuery(campaignsOf());
  const [from, to] = [Date.parse(instants[0] ?? ''), Date.parse(instants.at(-1) ?? '')];
  return (campaigns.data?.items ?? []).flatMap(({ id, title, policy, decisions }) => {
    const started = decisions.find(({ type }) => type === 'CampaignStarted');
    const at = started === undefined ? Number.NaN : Date.parse(started.at);
    return policy.artifacts.includes(artifactId) && at >= from && at <= to ? [{ id, title, at }] : [];
  });
}

function Table({ base, version }: { readonly base: Installed; readonly version: string }) {
  const { ecuType, component, instants, versions, vehicles, step_s } = base;
  const head = ['Time', 'All', ...versions.map(nameOf)];
  const rows = instants
    .map((at, n) => [at, vehicles[n] ?? 0, ...versions.map((column) => column.vehicles[n] ?? 0)] as const)
    .reverse();
  return (
    <div className="stack">
      <div className="row">
        <h3 className="grow">The same as a table</h3>
        <span className="small quiet">every {duration(step_s)}</span>
        <TakeTable name={`installed-base-${ecuType}-${component}`} head={head} rows={() => rows} />
      </div>
      <Scrolls label="Installed base as a table">
        <table className="table">
          <thead>
            <tr>
              {head.map((name, n) => (
                <th key={name} scope="col" className={n === 0 ? undefined : 'num'}>
                  {name === version && n > 1 ? <strong>{name}</strong> : name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([at, ...numbers], n) => (
              <tr key={at}>
                <td>{saidTime(base, instants.length - 1 - n)}</td>
                {numbers.map((number, column) => (
                  <td key={head[column + 1]} className="num">
                    {count(number)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </div>
  );
}

/** One artifact: its files, checks and release, who could take it, where it is used. */
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { get, path } from '../lib/api.ts';
import { bytes, count, eventName, time, words } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { part } from '../lib/part.ts';
import { Link } from '../lib/router.tsx';
import type { Artifact, TargetingCount } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { MeterBar } from '../ui/bars.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty, Loaded, Waiting } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { ArtifactActions } from './artifact-actions.tsx';
import { Uploads } from './uploads.tsx';

const InstalledBase = part(() => import('./installed-base.tsx'));

const of = <T,>(id: string, part = '') => ({
  queryKey: ['artifact', id, part],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<T>(path`/v1/artifacts/${id}` + part, signal),
});

export default function ArtifactPage({ id }: { readonly id: string }) {
  const artifact = useQuery({ ...of<Artifact>(id), refetchInterval: 10_000 });
  return (
    <Loaded query={artifact} what="the artifact">
      {(found) => (
        <>
          <div className="page-head">
            <div>
              <div className="row">
                <h1 className="mono">{found.id}</h1>
                <Badge state={found.state} tone={found.state === 'released' ? 'good' : 'idle'} />
              </div>
              <p className="quiet">
                {words(found.kind)} for {found.target.ecuType}/{found.target.component}, {found.releaseType} ·
                registered by {found.registeredBy}
              </p>
            </div>
            <ArtifactActions artifact={found} />
          </div>
          <div className="columns">
            <Files artifact={found} />
            <Checks artifact={found} />
          </div>
          <Suspense fallback={<Waiting what="Loading the installed base" />}>
            <InstalledBase artifact={found} />
          </Suspense>
          <div className="columns">
            <Compatible id={id} />
            <div className="stack">
              <Used id={id} />
              <Card title="Release notes">
                <p className="notes">{found.releaseNotes === '' ? 'None.' : found.releaseNotes}</p>
              </Card>
              <Card
                title="History"
                aside={
                  <TakeTable
                    name={`${id}-history`}
                    head={['Time', 'Event', 'By']}
                    rows={() => found.history.map(({ type, at, by }) => [at, type, by])}
                  />
                }
              >
                <dl className="pairs">
                  {found.history.map(({ type, at, by }) => (
                    <div key={at + type} className="pair">
                      <dt>{time(at)}</dt>
                      <dd>
                        {eventName(type)} <span className="quiet">by {by}</span>
                      </dd>
                    </div>
                  ))}
                </dl>
              </Card>
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

const FILE_HEAD = ['Name', 'Size', 'SHA-256', 'By'];

function Files({ artifact: { id, files }, artifact }: { readonly artifact: Artifact }) {
  const rows = () => files.map(({ name, size, sha256, by }) => [name, size, sha256, by]);
  return (
    <Card flush title="Files" aside={<TakeTable name={`${id}-files`} head={FILE_HEAD} rows={rows} />}>
      {files.length === 0 ? null : (
        <Table label="Files" head={FILE_HEAD} numeric={['Size']}>
          {files.map(({ name, size, sha256, by }) => (
            <tr key={name}>
              <td className="mono">{name}</td>
              <td className="num">{bytes(size)}</td>
              <td className="mono small" title={sha256}>
                {sha256.slice(0, 16)}…
              </td>
              <td>{by}</td>
            </tr>
          ))}
        </Table>
      )}
      <div className="body">
        <Uploads artifact={artifact} />
      </div>
    </Card>
  );
}

const CHECK_HEAD = ['Check', 'Passed', 'Detail'];

function Checks({ artifact: { id, validation } }: { readonly artifact: Artifact }) {
  const rows = () =>
    (validation?.checks ?? []).map(({ name, passed, detail }) => [name, passed ? 'yes' : 'no', detail]);
  return (
    <Card title="Validation" aside={<TakeTable name={`${id}-validation`} head={CHECK_HEAD} rows={rows} />}>
      {validation === null ? (
        <Empty>Not validated yet: a validator does it, once all files are there.</Empty>
      ) : (
        <div className="stack">
          <p>
            <Badge state={validation.verdict} /> by {validation.by} with {validation.tool}
          </p>
          <ul className="stack">
            {validation.checks.map(({ name, passed, detail }) => (
              <li key={name}>
                <Badge state={passed ? 'passed' : 'failed'} text={words(name)} />
                <span className="small quiet"> {detail}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

const COMPATIBLE_HEAD = ['Group', 'Value', 'Vehicles'];

const compatibleRows = ({ matched, compatible, reasons, facets }: TargetingCount) => [
  ['vehicles', 'all', matched],
  ['vehicles', 'compatible', compatible],
  ...reasons.map(({ code, vehicles }) => ['why not', code, vehicles]),
  ...(facets['software'] ?? []).map(({ value, vehicles }) => ['installed now', value, vehicles]),
];

function Compatible({ id }: { readonly id: string }) {
  const found = useQuery(of<TargetingCount>(id, '/compatibility'));
  const rows = () => (found.data === undefined ? [] : compatibleRows(found.data));
  return (
    <Card
      title="Who could take it"
      aside={<TakeTable name={`${id}-compatibility`} head={COMPATIBLE_HEAD} rows={rows} />}
    >
      <Loaded query={found} what="the count">
        {({ matched, compatible, reasons, facets }) => (
          <div className="facets">
            <p>
              <strong>{count(compatible)}</strong> of {count(matched)} vehicles
            </p>
            <ul>
              {reasons.map(({ code, vehicles }) => (
                <li key={code}>
                  <span>{words(code)}</span>
                  <MeterBar
                    value={vehicles}
                    of={matched}
                    label={`${code}: ${vehicles}`}
                    color="var(--warn)"
                  />
                  <span className="num">{count(vehicles)}</span>
                </li>
              ))}
            </ul>
            <h3>Installed now, of those</h3>
            <ul>
              {(facets['software'] ?? []).map(({ value, vehicles }) => (
                <li key={value}>
                  <span className="mono">{value}</span>
                  <MeterBar value={vehicles} of={compatible} label={`${value}: ${vehicles}`} />
                  <span className="num">{count(vehicles)}</span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function Used({ id }: { readonly id: string }) {
  const campaigns = useQuery(campaignsOf());
  const using = (campaigns.data?.items ?? []).filter(({ policy }) => policy.artifacts.includes(id));
  const rows = () => using.map((one) => [one.id, one.title, one.state]);
  return (
    <Card
      title="Where it is used"
      aside={<TakeTable name={`${id}-campaigns`} head={['Campaign', 'Title', 'State']} rows={rows} />}
    >
      <Loaded query={campaigns} what="campaigns">
        {({ next }) => (
          <ul className="stack">
            {using.map((one) => (
              <li key={one.id} className="row">
                <Link to={path`/campaigns/${one.id}`}>{one.title}</Link>
                <Badge state={one.state} />
              </li>
            ))}
            {using.length > 0 ? null : <li className="quiet">In no campaign.</li>}
            {next === null ? null : <li className="small quiet">Not every campaign was looked through.</li>}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

import { useQuery } from '@tanstack/react-query';
import { get, path, queryOf } from '../lib/api.ts';
import { bytes } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Artifact, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Register } from './register.tsx';

const STATES = ['registered', 'validated', 'released', 'deprecated', 'withdrawn'];
const HEAD = ['Artifact', 'State', 'Target', 'Kind', 'Size'];

const sizeOf = ({ files }: Artifact): number => files.reduce((sum, { size }) => sum + size, 0);

export default function ArtifactsPage() {
  const [state, setState] = useQueryState('state');
  const [adding, setAdding] = useQueryState('new');
  const may = useMay();
  const artifacts = useQuery({
    queryKey: ['artifacts', state],
    queryFn: ({ signal }) => get<Page<Artifact>>(`/v1/artifacts${queryOf({ limit: 1000, state })}`, signal),
    refetchInterval: 10_000,
  });
  const rows = () =>
    (artifacts.data?.items ?? []).map((one) => [
      one.id,
      one.state,
      `${one.target.ecuType}/${one.target.component}`,
      one.kind,
      sizeOf(one),
    ]);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Artifacts</h1>
        </div>
        {may('registerArtifact') ? (
          <button type="button" className="button primary" onClick={() => setAdding('yes')}>
            Register an artifact…
          </button>
        ) : null}
      </div>
      {adding === '' ? null : <Register onClose={() => setAdding('')} />}
      <Card
        flush
        title="Catalogue"
        aside={
          <span className="row">
            <label className="row">
              State
              <select className="input" value={state} onChange={(event) => setState(event.target.value)}>
                <option value="">All</option>
                {STATES.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </label>
            <TakeTable name="artifacts" head={HEAD} rows={rows} />
          </span>
        }
      >
        <Loaded query={artifacts} what="the catalogue">
          {({ items }) =>
            items.length === 0 ? (
              <div className="body">
                <Empty>
                  No artifact
                  {state === ''
                    ? ' is registered yet: a developer does it here or with PUT /v1/artifacts/{id}'
                    : ' in this state'}
                  .
                </Empty>
              </div>
            ) : (
              <ArtifactTable artifacts={items} />
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

function ArtifactTable({ artifacts }: { readonly artifacts: readonly Artifact[] }) {
  return (
    <Scrolls label="Artifacts">
      <table className="table">
        <thead>
          <tr>
            {HEAD.map((name) => (
              <th key={name} className={name === 'Size' ? 'num' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {artifacts.map((one) => (
            <tr key={one.id}>
              <td>
                <Link to={path`/artifacts/${one.id}`} className="mono">
                  {one.id}
                </Link>
              </td>
              <td>
                <Badge
                  state={one.state}
                  tone={one.state === 'released' ? 'good' : one.state === 'withdrawn' ? 'bad' : 'idle'}
                />
              </td>
              <td>
                {one.target.ecuType}/{one.target.component}
              </td>
              <td>
                {one.kind}, {one.releaseType}
              </td>
              <td className="num">{bytes(sizeOf(one))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}

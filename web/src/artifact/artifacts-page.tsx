import { useQuery } from '@tanstack/react-query';
import { path } from '../lib/api.ts';
import { bytes } from '../lib/format.ts';
import { artifactsOf } from '../lib/lists.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Artifact } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { StateList } from '../ui/state-list.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { Register } from './register.tsx';

const STATES = ['registered', 'validated', 'released', 'deprecated', 'withdrawn'];
const HEAD = ['Artifact', 'State', 'Target', 'Kind', 'Size'];

const sizeOf = ({ files }: Artifact): number => files.reduce((sum, { size }) => sum + size, 0);

export default function ArtifactsPage() {
  const [state, setState] = useQueryState('state');
  const [adding, setAdding] = useQueryState('new');
  const may = useMay();
  const artifacts = useQuery({ ...artifactsOf(state), refetchInterval: 10_000 });
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
      <StateList
        title="Catalogue"
        name="artifacts"
        states={STATES}
        state={state}
        onState={setState}
        query={artifacts}
        head={HEAD}
        rowOf={(one) => [
          one.id,
          one.state,
          `${one.target.ecuType}/${one.target.component}`,
          `${one.kind}, ${one.releaseType}`,
          sizeOf(one),
        ]}
        empty={
          <Empty>
            No artifact
            {state === ''
              ? ' is registered yet: a developer does it here or with PUT /v1/artifacts/{id}'
              : ' in this state'}
            .
          </Empty>
        }
      >
        {(items) => <ArtifactTable artifacts={items} />}
      </StateList>
    </>
  );
}

function ArtifactTable({ artifacts }: { readonly artifacts: readonly Artifact[] }) {
  return (
    <Table label="Artifacts" head={HEAD} numeric={['Size']}>
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
    </Table>
  );
}

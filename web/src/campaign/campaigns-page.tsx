import { useQuery } from '@tanstack/react-query';
import { path } from '../lib/api.ts';
import { count, time } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Campaign } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { StateList } from '../ui/state-list.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';

const STATES = [
  'created',
  'targeting-defined',
  'targets-frozen',
  'approved',
  'scheduled',
  'running',
  'paused',
  'aborting',
  'completed',
  'aborted',
  'reviewed',
];

export default function CampaignsPage() {
  const [state, setState] = useQueryState('state');
  const may = useMay();
  const campaigns = useQuery({ ...campaignsOf(state), refetchInterval: 5000 });
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Campaigns</h1>
        </div>
        {may('createCampaign') ? (
          <Link className="button primary" to="/plan">
            Plan a campaign
          </Link>
        ) : null}
      </div>
      <StateList
        title="All campaigns, newest first"
        name="campaigns"
        states={STATES}
        state={state}
        onState={setState}
        query={campaigns}
        head={['Id', 'Title', 'State', 'Targets', 'Artifacts', 'Made']}
        rowOf={({ id, title, state: now, targets, policy, createdAt }) => [
          id,
          title,
          now,
          targets?.targets,
          policy.artifacts.join(' '),
          createdAt,
        ]}
        order={(a, b) => (a.createdAt < b.createdAt ? 1 : -1)}
        empty={
          <Empty>
            <p>There is no campaign{state === '' ? '' : ' in this state'}.</p>
            <Link to="/plan">Plan one</Link>
          </Empty>
        }
      >
        {(sorted) => <CampaignTable campaigns={sorted} />}
      </StateList>
    </>
  );
}

function CampaignTable({ campaigns }: { readonly campaigns: readonly Campaign[] }) {
  return (
    <Table
      label="Campaigns"
      head={['Campaign', 'State', 'Targets', 'Artifacts', 'Made']}
      numeric={['Targets']}
    >
      {campaigns.map((one) => (
        <tr key={one.id}>
          <td>
            <Link to={path`/campaigns/${one.id}`}>{one.title}</Link>
            <div className="small quiet mono">{one.id}</div>
          </td>
          <td>
            <Badge state={one.state} />
          </td>
          <td className="num">{one.targets === null ? '–' : count(one.targets.targets)}</td>
          <td className="small">{one.policy.artifacts.join(', ')}</td>
          <td className="small quiet">{time(one.createdAt)}</td>
        </tr>
      ))}
    </Table>
  );
}

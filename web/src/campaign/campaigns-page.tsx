import { useQuery } from '@tanstack/react-query';
import { get, path, queryOf } from '../lib/api.ts';
import { count, time } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Campaign, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

const STATES = [
  'created',
  'targets-frozen',
  'approved',
  'scheduled',
  'running',
  'paused',
  'completed',
  'aborted',
  'reviewed',
];
const HEAD = ['Id', 'Title', 'State', 'Targets', 'Made'];

export const campaignsOf = (state = '') => ({
  queryKey: ['campaigns', state],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<Page<Campaign>>(`/v1/campaigns${queryOf({ limit: 1000, state })}`, signal),
});

export default function CampaignsPage() {
  const [state, setState] = useQueryState('state');
  const may = useMay();
  const campaigns = useQuery({ ...campaignsOf(state), refetchInterval: 5000 });
  const sorted = [...(campaigns.data?.items ?? [])].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const rows = () =>
    sorted.map((one) => [one.id, one.title, one.state, one.targets?.targets ?? '', one.createdAt]);
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
      <Card
        flush
        title="All campaigns, newest first"
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
            <TakeTable name="campaigns" head={HEAD} rows={rows} />
          </span>
        }
      >
        <Loaded query={campaigns} what="the campaigns">
          {() =>
            sorted.length === 0 ? (
              <div className="body">
                <Empty>
                  <p>There is no campaign{state === '' ? '' : ' in this state'}.</p>
                  <Link to="/plan">Plan one</Link>
                </Empty>
              </div>
            ) : (
              <CampaignTable campaigns={sorted} />
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

function CampaignTable({ campaigns }: { readonly campaigns: readonly Campaign[] }) {
  return (
    <Scrolls label="Campaigns">
      <table className="table">
        <thead>
          <tr>
            <th>Campaign</th>
            <th>State</th>
            <th className="num">Targets</th>
            <th>Artifacts</th>
            <th>Made</th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </Scrolls>
  );
}

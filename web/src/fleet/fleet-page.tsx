/** The page that stays open: who is there, what runs, and what needs a person now. */

import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get, path } from '../lib/api.ts';
import { count, percent } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign, FleetStatus, Page, Progress } from '../lib/types.ts';
import { useFleet } from '../shell/banners.tsx';
import { Badge } from '../ui/badge.tsx';
import { MeterBar, StackedBar } from '../ui/bars.tsx';
import { Card, Figures } from '../ui/card.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { EmergencyControl } from './emergency.tsx';
import { Needs } from './needs.tsx';
import { RecentFailures } from './recent-failures.tsx';

const ACTIVE = ['running', 'paused', 'aborting', 'scheduled'];

const useCampaigns = () =>
  useQuery({
    queryKey: ['campaigns', ''],
    queryFn: ({ signal }) => get<Page<Campaign>>('/v1/campaigns?limit=1000', signal),
    refetchInterval: 5000,
  });

const useProgressOf = (campaigns: readonly Campaign[]) =>
  useQueries({
    queries: campaigns.map(({ id }) => ({
      queryKey: ['progress', id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Progress>(path`/v1/campaigns/${id}/progress`, signal),
      refetchInterval: 2000,
    })),
  });

/** More than anybody watches at once; the list has the rest. */
const SHOWN = 12;

export function FleetPage() {
  const fleet = useFleet();
  const campaigns = useCampaigns();
  const all = campaigns.data?.items ?? [];
  const running = all.filter(({ state }) => ACTIVE.includes(state)).slice(0, SHOWN);
  const progress = useProgressOf(running).map(({ data }) => data);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Fleet</h1>
        </div>
        {fleet.data === undefined ? null : (
          <EmergencyControl fleet={fleet.data} running={running} progress={progress} />
        )}
      </div>
      <Loaded query={fleet} what="the fleet">
        {(data) => (
          <>
            <Figures
              label="Vehicles"
              figures={[
                { name: 'Vehicles', value: count(data.vehicles), note: 'registered' },
                {
                  name: 'Active',
                  value: count(data.active),
                  note: `${share(data.active, data.vehicles)}, within 15 min`,
                },
                { name: 'Online now', value: count(data.online), note: share(data.online, data.vehicles) },
                { name: 'Campaigns', value: count(running.length), note: 'under way' },
              ]}
            />
            <div className="columns">
              <Card title="Campaigns under way" flush>
                <Running campaigns={running} progress={progress} loaded={campaigns.isSuccess} />
              </Card>
              <Card title="Needs a person" flush>
                <Needs campaigns={all} />
              </Card>
            </div>
            <div className="columns">
              <Groups title="Active by vehicle type" all={data.byModel} active={data.activeBy.byModel} />
              <Groups title="Active by region" all={data.byRegion} active={data.activeBy.byRegion} />
              <Groups
                title="Active by state in campaigns"
                all={data.byAssignment}
                active={data.activeBy.byAssignment}
                empty={
                  data.vehicles === 0 ? <NoVehicles /> : <p>No vehicle has been listed for a campaign yet.</p>
                }
              />
            </div>
            <RecentFailures />
          </>
        )}
      </Loaded>
    </>
  );
}

const share = (part: number, of: number): string => (of === 0 ? '–' : percent(part / of));

interface RunningProps {
  readonly campaigns: readonly Campaign[];
  readonly progress: readonly (Progress | undefined)[];
  readonly loaded: boolean;
}

function Running({ campaigns, progress, loaded }: RunningProps) {
  if (campaigns.length === 0)
    return (
      <div className="body">
        {loaded ? (
          <Empty>
            <p>Nothing is rolled out at the moment.</p>
            <Link to="/plan">Plan a campaign</Link>
          </Empty>
        ) : null}
      </div>
    );
  return (
    <table className="table">
      <tbody>
        {campaigns.map((campaign, i) => (
          <tr key={campaign.id}>
            <td>
              <div className="row">
                <Link to={path`/campaigns/${campaign.id}`}>{campaign.title}</Link>
                <Badge state={campaign.state} />
              </div>
              <Mini progress={progress[i]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Mini({ progress }: { readonly progress: Progress | undefined }) {
  const { targets = 0, succeeded = 0, failed = 0, percent: done = 0 } = progress ?? {};
  const text = `${done} % of ${count(targets)} settled, ${count(succeeded)} succeeded, ${count(failed)} failed`;
  return (
    <>
      <StackedBar
        label={text}
        total={targets}
        parts={[
          { name: 'Succeeded', value: succeeded, color: 'var(--good)' },
          { name: 'Failed', value: failed, color: 'var(--bad-fill)' },
        ]}
      />
      <span className="small quiet">{text}</span>
    </>
  );
}

type Counts = FleetStatus['byModel'];
const GROUPS_SHOWN = 8;

const NoVehicles = () => (
  <>
    <p>No vehicle is registered yet.</p>
    <code>npx fleetwave import vehicles.csv</code>
  </>
);

function Groups({
  title,
  all,
  active,
  empty = <NoVehicles />,
}: {
  readonly title: string;
  readonly all: Counts;
  readonly active: Counts;
  readonly empty?: ReactNode;
}) {
  const sorted = Object.entries(all).sort(([, a], [, b]) => b - a);
  return (
    <Card title={title}>
      {sorted.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <ul className="codes">
          {sorted.slice(0, GROUPS_SHOWN).map(([name, counted]) => {
            const now = active[name] ?? 0;
            // Who is active is known a moment before read models are: no part may look larger than its whole.
            const vehicles = Math.max(counted, now);
            return (
              <li key={name}>
                <span>{name}</span>
                <span className="small quiet">
                  {count(now)} of {count(vehicles)}
                </span>
                <MeterBar value={now} of={vehicles} label={`${name}: ${now} of ${vehicles} active`} />
              </li>
            );
          })}
          {sorted.length > GROUPS_SHOWN ? (
            <li className="small quiet">{sorted.length - GROUPS_SHOWN} more</li>
          ) : null}
        </ul>
      )}
    </Card>
  );
}

/** The page that stays open: who is there, what runs, and what needs a person now. */
import { count, percent, words } from '../lib/format.ts';
import { useFleet } from '../shell/banners.tsx';
import { Figures } from '../ui/card.tsx';
import { Loaded } from '../ui/states.tsx';
import { EmergencyControl } from './emergency.tsx';
import { Groups } from './groups.tsx';
import { Needs } from './needs.tsx';
import { RecentFailures } from './recent-failures.tsx';
import { Running } from './running.tsx';
import { useCampaignsIn } from './use-campaigns.ts';

const UNDER_WAY = ['running', 'paused', 'aborting', 'scheduled'];
/** May need a person before they are under way. */
const PREPARED = ['targeting-defined', 'targets-frozen', 'approved'];
const EVERY_MS = 5000;

export function FleetPage() {
  const fleet = useFleet();
  const { campaigns: underWay, loaded } = useCampaignsIn(UNDER_WAY, EVERY_MS);
  const prepared = useCampaignsIn(PREPARED, EVERY_MS).campaigns;
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Fleet</h1>
        </div>
        {fleet.data === undefined ? null : <EmergencyControl fleet={fleet.data} running={underWay} />}
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
                  note: [share(data.active, data.vehicles), 'within 15 min'].filter(Boolean).join(', '),
                },
                { name: 'Online now', value: count(data.online), note: share(data.online, data.vehicles) },
                { name: 'Campaigns', value: count(underWay.length), note: 'under way' },
              ]}
            />
            <div className="columns">
              <Running campaigns={underWay} loaded={loaded} />
              <Needs campaigns={[...underWay, ...prepared]} />
            </div>
            <div className="columns">
              <Groups title="Active by region" all={data.byRegion} active={data.activeBy.byRegion} map />
              <div className="stack">
                <Groups title="Active by vehicle type" all={data.byModel} active={data.activeBy.byModel} />
                <Groups
                  title="Active by state in campaigns"
                  nameOf={stateName}
                  note="Each vehicle once: its update under way, else an offer it waits for, else its newest outcome."
                  all={data.byAssignment}
                  active={data.activeBy.byAssignment}
                />
              </div>
            </div>
            <RecentFailures />
          </>
        )}
      </Loaded>
    </>
  );
}

const share = (part: number, of: number): string => (of === 0 ? '' : percent(part / of));

const STATES: Readonly<Record<string, string>> = { none: 'In no campaign', waiting: 'Waiting for an offer' };
const stateName = (state: string): string => STATES[state] ?? words(state);

/** One vehicle: what is in it, now and at any past date, and every campaign's part in that. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { time, timeIn, words } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Assignment, Page, Vehicle } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Ecus } from './ecus.tsx';
import { Explain } from './explain.tsx';
import { Messages } from './messages.tsx';

interface Update {
  readonly artifactId: string;
  readonly compatible: boolean;
  readonly satisfied: boolean;
  readonly installed: readonly { readonly softwareVersion: string | null }[];
  readonly reasons: readonly { readonly code: string; readonly message?: string }[];
}

const of = <T,>(vehicle: string, part: string, query = '') => ({
  queryKey: ['vehicle', vehicle, part],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<T>(path`/v1/vehicles/${vehicle}` + (part === '' ? '' : `/${part}`) + query, signal),
  refetchInterval: 10_000,
});

export default function VehiclePage({ vehicle }: { readonly vehicle: string }) {
  const found = useQuery(of<Vehicle>(vehicle, ''));
  return (
    <Loaded query={found} what="the vehicle">
      {(one) => (
        <>
          <Head vehicle={one} />
          <div className="columns">
            <Ecus vehicle={one} />
            <Explain vehicle={one} />
          </div>
          <div className="columns">
            <Assignments vehicle={one} />
            <Updates vehicle={one} />
          </div>
          <Messages vehicle={one} />
        </>
      )}
    </Loaded>
  );
}

function Head({ vehicle }: { readonly vehicle: Vehicle }) {
  const facts = [vehicle.brand, vehicle.model, vehicle.variant, vehicle.region, vehicle.timeZone].filter(
    Boolean,
  );
  return (
    <div className="page-head">
      <div>
        <div className="row">
          <h1 className="mono">{vehicle.vin ?? vehicle.id}</h1>
          {vehicle.decommissioned ? (
            <Badge state="withdrawn" text="Decommissioned" />
          ) : (
            <Badge
              state={vehicle.online === true ? 'passed' : 'idle'}
              text={vehicle.online === true ? 'Online' : 'Offline'}
            />
          )}
          {vehicle.serviceFlags.map((flag) => (
            <Badge key={flag} state="held" text={flag} />
          ))}
        </div>
        <p className="quiet">{facts.join(' · ')}</p>
        <p className="small quiet">
          Registered {timeIn(vehicle.registeredAt, vehicle.timeZone)}
          {vehicle.tags.length === 0 ? '' : ` · ${vehicle.tags.join(', ')}`}
        </p>
      </div>
      <a
        className="button"
        href={path`/v1/vehicles/${vehicle.id}/evidence`}
        download={`${vehicle.id}-evidence.json`}
      >
        Evidence (UN R156)
      </a>
    </div>
  );
}

function Assignments({ vehicle }: { readonly vehicle: Vehicle }) {
  const assignments = useQuery(of<Page<Assignment>>(vehicle.id, 'assignments', '?limit=1000'));
  return (
    <Card flush title="Its part in campaigns">
      <Loaded query={assignments} what="campaigns">
        {({ items }) =>
          items.length === 0 ? (
            <div className="body">
              <Empty>No campaign has had this vehicle among its targets.</Empty>
            </div>
          ) : (
            <Scrolls label="Campaigns of the vehicle">
              <table className="table">
                <thead>
                  <tr>
                    <th>Campaign</th>
                    <th>Phase</th>
                    <th className="num">Attempt</th>
                    <th>Last outcome</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((one) => (
                    <tr key={one.id}>
                      <td>
                        <Link to={path`/campaigns/${one.campaignId}`}>{one.campaignId}</Link>
                        <div className="small quiet">{time(one.updatedAt)}</div>
                      </td>
                      <td>
                        <Badge state={one.phase} />
                      </td>
                      <td className="num">{one.attempt}</td>
                      <td className="small">
                        {one.outcome === null
                          ? ''
                          : [one.outcome.code, one.outcome.message].filter(Boolean).join(': ')}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolls>
          )
        }
      </Loaded>
    </Card>
  );
}

function Updates({ vehicle }: { readonly vehicle: Vehicle }) {
  const updates = useQuery(of<{ readonly updates: readonly Update[] }>(vehicle.id, 'available-updates'));
  return (
    <Card flush title="Released software for its ECUs">
      <Loaded query={updates} what="released software">
        {({ updates: all }) =>
          all.length === 0 ? (
            <div className="body">
              <Empty>Nothing is released for the ECUs of this vehicle.</Empty>
            </div>
          ) : (
            <table className="table">
              <tbody>
                {all.map((one) => (
                  <tr key={one.artifactId}>
                    <td>
                      <Link to={path`/artifacts/${one.artifactId}`}>{one.artifactId}</Link>
                      <div className="small quiet">
                        has {one.installed.map(({ softwareVersion }) => softwareVersion ?? 'none').join(', ')}
                      </div>
                    </td>
                    <td>
                      <Badge
                        state={one.satisfied ? 'passed' : one.compatible ? 'running' : 'idle'}
                        text={
                          one.satisfied ? 'Installed' : one.compatible ? 'Could take it' : "Can't take it"
                        }
                      />
                    </td>
                    <td className="small">
                      {one.reasons.map(({ code, message }) => message ?? words(code)).join('; ')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </Card>
  );
}

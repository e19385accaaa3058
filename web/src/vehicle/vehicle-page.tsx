/** One vehicle: what is in it, now and at any past date, and every campaign's part in that. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { words } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Assignment, Page, Vehicle } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { ZonedTime } from '../ui/time.tsx';
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
          Registered <ZonedTime at={vehicle.registeredAt} zone={vehicle.timeZone} />
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

const CAMPAIGN_HEAD = ['Campaign', 'Phase', 'Wave', 'Attempt', 'Last outcome', 'Changed'];
const outcomeOf = ({ outcome }: Assignment): string =>
  outcome === null ? '' : [outcome.code, outcome.message].filter(Boolean).join(': ');

function Assignments({ vehicle }: { readonly vehicle: Vehicle }) {
  const assignments = useQuery(of<Page<Assignment>>(vehicle.id, 'assignments', '?limit=1000'));
  const rows = () =>
    (assignments.data?.items ?? []).map((one) => [
      one.campaignId,
      one.phase,
      one.wave,
      one.attempt,
      outcomeOf(one),
      one.updatedAt,
    ]);
  return (
    <Card
      flush
      title="Its part in campaigns"
      aside={<TakeTable name={`${vehicle.id}-campaigns`} head={CAMPAIGN_HEAD} rows={rows} />}
    >
      <Loaded query={assignments} what="campaigns">
        {({ items }) =>
          items.length === 0 ? (
            <div className="body">
              <Empty>No campaign has had this vehicle among its targets.</Empty>
            </div>
          ) : (
            <Table label="Campaigns of the vehicle" head={CAMPAIGN_HEAD} numeric={['Wave', 'Attempt']}>
              {items.map((one) => (
                <tr key={one.id}>
                  <td>
                    <Link to={path`/campaigns/${one.campaignId}`}>{one.campaignId}</Link>
                  </td>
                  <td>
                    <Badge state={one.phase} />
                  </td>
                  <td className="num">{one.wave}</td>
                  <td className="num">{one.attempt}</td>
                  <td className="small">{outcomeOf(one)}</td>
                  <td className="small quiet when">
                    <ZonedTime at={one.updatedAt} zone={vehicle.timeZone} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Card>
  );
}

const UPDATE_HEAD = ['Artifact', 'Has now', 'Verdict', 'Why not'];

const verdictOf = ({ satisfied, compatible }: Update) =>
  satisfied
    ? ({ state: 'passed', text: 'Installed' } as const)
    : compatible
      ? ({ state: 'running', text: 'Could take it' } as const)
      : ({ state: 'idle', text: "Can't take it" } as const);
const hasNow = ({ installed }: Update): string =>
  installed.map(({ softwareVersion }) => softwareVersion ?? 'none').join(', ');
const whyNot = ({ reasons }: Update): string =>
  reasons.map(({ code, message }) => message ?? words(code)).join('; ');

function Updates({ vehicle }: { readonly vehicle: Vehicle }) {
  const updates = useQuery(of<{ readonly updates: readonly Update[] }>(vehicle.id, 'available-updates'));
  const rows = () =>
    (updates.data?.updates ?? []).map((one) => [
      one.artifactId,
      hasNow(one),
      verdictOf(one).text,
      whyNot(one),
    ]);
  return (
    <Card
      flush
      title="Released software for its ECUs"
      aside={<TakeTable name={`${vehicle.id}-released-software`} head={UPDATE_HEAD} rows={rows} />}
    >
      <Loaded query={updates} what="released software">
        {({ updates: all }) =>
          all.length === 0 ? (
            <div className="body">
              <Empty>Nothing is released for the ECUs of this vehicle.</Empty>
            </div>
          ) : (
            <Table label="Released software" head={UPDATE_HEAD}>
              {all.map((one) => (
                <tr key={one.artifactId}>
                  <td>
                    <Link to={path`/artifacts/${one.artifactId}`}>{one.artifactId}</Link>
                  </td>
                  <td className="mono">{hasNow(one)}</td>
                  <td>
                    <Badge {...verdictOf(one)} />
                  </td>
                  <td className="small">{whyNot(one)}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Card>
  );
}

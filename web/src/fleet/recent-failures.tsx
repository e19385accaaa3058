import { useQueries } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { ago, time } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Assignment, Campaign, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty } from '../ui/states.tsx';

const WATCHED = ['running', 'paused', 'aborting', 'completed', 'aborted'];
/** Campaigns looked through, and rows of each. */
const CAMPAIGNS = 6;
const EACH = 200;
const SHOWN = 10;
const HEAD = ['When', 'Vehicle', 'Campaign', 'Code', 'Message'];

/** Of the newest campaigns, the vehicles that failed last. */
export function RecentFailures({ campaigns }: { readonly campaigns: readonly Campaign[] }) {
  const newest = campaigns
    .filter(({ state }) => WATCHED.includes(state))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, CAMPAIGNS);
  const pages = useQueries({
    queries: newest.map(({ id }) => ({
      queryKey: ['failures', id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Page<Assignment>>(`${path`/v1/campaigns/${id}/assignments`}?phase=failed&limit=${EACH}`, signal),
      refetchInterval: 10_000,
    })),
  });
  const failures = pages
    .flatMap(({ data }) => data?.items ?? [])
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
    .slice(0, SHOWN);
  const rows = () =>
    failures.map(({ updatedAt, vehicleId, campaignId, outcome }) => [
      updatedAt,
      vehicleId,
      campaignId,
      outcome?.code,
      outcome?.message,
    ]);
  return (
    <Card title="Recent failures" flush aside={<TakeTable name="recent-failures" head={HEAD} rows={rows} />}>
      {failures.length === 0 ? (
        <div className="body">
          <Empty>No vehicle has failed in the newest campaigns.</Empty>
        </div>
      ) : (
        <Scrolls label="Recent failures">
          <table className="table">
            <thead>
              <tr>
                {HEAD.map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {failures.map((one) => (
                <tr key={one.id}>
                  <td className="small quiet" title={time(one.updatedAt)}>
                    {ago(one.updatedAt)}
                  </td>
                  <td>
                    <Link to={path`/vehicles/${one.vehicleId}?campaign=${one.campaignId}`} className="mono">
                      {one.vehicleId}
                    </Link>
                  </td>
                  <td>
                    <Link to={path`/campaigns/${one.campaignId}`}>{one.campaignId}</Link>
                  </td>
                  <td>
                    <Badge state="failed" text={one.outcome?.code ?? 'failed'} />
                  </td>
                  <td className="small">{one.outcome?.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </Card>
  );
}

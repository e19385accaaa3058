/** Failed attempts, newest first: which vehicles, why, and what became of them. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get, path, queryOf } from '../lib/api.ts';
import { plural } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Failure, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { Ago } from '../ui/time.tsx';

export interface FailureFilter {
  readonly campaign?: string;
  readonly model?: string;
  readonly region?: string;
  readonly code?: string;
}

interface ListProps {
  readonly title: string;
  /** Of the file that is saved. */
  readonly name: string;
  readonly filter: FailureFilter;
  readonly pageSize: number;
  readonly empty: ReactNode;
  /** Fields above the table. */
  readonly children?: ReactNode;
}

const HEAD = ['When', 'Vehicle', 'Campaign', 'Model', 'Region', 'Attempt', 'Code', 'Message', 'Now'];

export function FailureList({ title, name, filter, pageSize, empty, children }: ListProps) {
  const pages = useInfiniteQuery({
    queryKey: ['failures', filter, pageSize],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Failure>>(`/v1/failures${queryOf({ ...filter, limit: pageSize, cursor: pageParam })}`, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    refetchInterval: 10_000,
  });
  const failures = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  const vehicles = new Set(failures.map(({ vehicleId }) => vehicleId)).size;
  return (
    <Card
      title={title}
      flush
      aside={<TakeTable name={name} head={HEAD} rows={() => failures.map((one) => cellsOf(one))} />}
    >
      {children}
      <Loaded query={pages} what="failures">
        {() =>
          failures.length === 0 ? (
            <div className="body">
              <Empty>{empty}</Empty>
            </div>
          ) : (
            <FailureTable failures={failures} withCampaign={filter.campaign === undefined} />
          )
        }
      </Loaded>
      {failures.length === 0 ? null : (
        <div className="body row">
          <span className="small quiet" role="status">
            {plural(failures.length, 'failed attempt')} of {plural(vehicles, 'vehicle')} shown
          </span>
          {pages.hasNextPage ? (
            <button
              type="button"
              className="button"
              disabled={pages.isFetchingNextPage}
              onClick={() => void pages.fetchNextPage()}
            >
              Show more
            </button>
          ) : null}
        </div>
      )}
    </Card>
  );
}

const cellsOf = (one: Failure) => [
  one.at,
  one.vehicleId,
  one.campaignId,
  one.model,
  one.region,
  one.attempt,
  one.code,
  one.message,
  one.phase,
];

interface TableProps {
  readonly failures: readonly Failure[];
  readonly withCampaign: boolean;
}

function FailureTable({ failures, withCampaign }: TableProps) {
  const campaign = withCampaign ? ['Campaign'] : [];
  const head = ['When', 'Vehicle', ...campaign, 'Slice', 'Attempt', 'Code', 'Message', 'Now'];
  return (
    <Table label="Failed attempts" head={head} numeric={['Attempt']}>
      {failures.map((one) => (
        <tr key={one.id}>
          <td className="small quiet">
            <Ago at={one.at} />
          </td>
          <td>
            <Link to={path`/vehicles/${one.vehicleId}?campaign=${one.campaignId}`} className="mono">
              {one.vehicleId}
            </Link>
          </td>
          {withCampaign ? (
            <td>
              <Link to={path`/campaigns/${one.campaignId}`}>{one.campaignId}</Link>
            </td>
          ) : null}
          <td className="small">{[one.model, one.region].filter(Boolean).join(' · ')}</td>
          <td className="num">{one.attempt}</td>
          <td>
            <Badge state="failed" text={one.code} />
          </td>
          <td className="small">{one.message}</td>
          <td>{one.phase === null ? null : <Badge state={one.phase} />}</td>
        </tr>
      ))}
    </Table>
  );
}

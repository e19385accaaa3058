/** Each vehicle of a campaign. Only the rows in sight exist, and pages are fetched as one comes near them. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { get, path, queryOf } from '../lib/api.ts';
import { ago, count, time, words } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Assignment, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty, ProblemView } from '../ui/states.tsx';

const PAGE = 500;
const LINE_PX = 34;
/** Rows from the end at which the next page is asked for. */
const NEAR = 100;

const PHASES = [
  'waiting',
  'offered',
  'accepted',
  'downloading',
  'downloaded',
  'installing',
  'succeeded',
  'failed',
  'timed-out',
  'reverted',
  'declined',
  'cancelled',
  'displaced',
  'satisfied',
];

const HEAD = ['Vehicle', 'Wave', 'Phase', 'Attempt', 'Last outcome', 'Changed'];
const cellsOf = ({ vehicleId, wave, phase, attempt, outcome, updatedAt }: Assignment) => [
  vehicleId,
  wave,
  phase,
  attempt,
  outcome === null ? '' : [outcome.code, outcome.message].filter(Boolean).join(': '),
  updatedAt,
];

export function AssignmentsTab({ campaignId }: { readonly campaignId: string }) {
  const [phase, setPhase] = useQueryState('phase');
  const pages = useInfiniteQuery({
    queryKey: ['assignments', campaignId, phase],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Assignment>>(
        path`/v1/campaigns/${campaignId}/assignments` + queryOf({ limit: PAGE, phase, cursor: pageParam }),
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
  const rows = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card
      flush
      title="Vehicles"
      aside={
        <span className="row">
          <label className="row">
            Phase
            <select className="input" value={phase} onChange={(event) => setPhase(event.target.value)}>
              <option value="">All</option>
              {PHASES.map((one) => (
                <option key={one} value={one}>
                  {words(one)}
                </option>
              ))}
            </select>
          </label>
          <a href={`/v1/exports/assignments${queryOf({ campaign: campaignId, format: 'parquet' })}`} download>
            All (Parquet)
          </a>
          <TakeTable name={`${campaignId}-vehicles`} head={HEAD} rows={() => rows.map(cellsOf)} />
        </span>
      }
    >
      <ProblemView error={pages.error} />
      {rows.length === 0 && !pages.isPending ? (
        <div className="body">
          <Empty>
            {phase === ''
              ? 'There are no targets yet: they are listed once the query is frozen.'
              : `No vehicle is in the phase “${words(phase)}”.`}
          </Empty>
        </div>
      ) : (
        <Rows
          rows={rows}
          more={pages.hasNextPage}
          busy={pages.isFetching}
          onMore={() => void pages.fetchNextPage()}
        />
      )}
    </Card>
  );
}

interface RowsProps {
  readonly rows: readonly Assignment[];
  readonly more: boolean;
  readonly busy: boolean;
  readonly onMore: () => void;
}

function Rows({ rows, more, busy, onMore }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  const wanted = more && !busy && lastSeen >= rows.length - NEAR;
  useEffect(() => {
    if (wanted) onMore();
  }, [wanted, onMore]);
  return (
    <>
      <div
        className="virtual"
        ref={scroller}
        role="table"
        tabIndex={0}
        aria-label="Vehicles"
        aria-rowcount={more ? -1 : rows.length}
      >
        <div className="line head" role="row">
          {HEAD.map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            return row === undefined ? null : <Line key={row.id} row={row} top={start} index={index} />;
          })}
        </div>
      </div>
      <p className="small quiet body" role="status">
        {count(rows.length)} rows loaded{more ? ', more come as you scroll' : ''}
      </p>
    </>
  );
}

function Line({
  row,
  top,
  index,
}: {
  readonly row: Assignment;
  readonly top: number;
  readonly index: number;
}) {
  const outcome =
    row.outcome === null ? '' : [row.outcome.code, row.outcome.message].filter(Boolean).join(': ');
  return (
    <div className="line" role="row" aria-rowindex={index + 1} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell">
        <Link to={path`/vehicles/${row.vehicleId}?campaign=${row.campaignId}`} className="mono">
          {row.vehicleId}
        </Link>
      </span>
      <span role="cell">{row.wave}</span>
      <span role="cell">
        <Badge state={row.phase} />
      </span>
      <span role="cell">{row.attempt}</span>
      <span role="cell" title={outcome}>
        {outcome}
      </span>
      <span role="cell" className="small quiet" title={time(row.updatedAt)}>
        {ago(row.updatedAt)}
      </span>
    </div>
  );
}

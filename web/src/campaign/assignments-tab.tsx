/** Each vehicle of a campaign. Only the rows in sight exist, and pages are fetched as one comes near them. */
import { useQueryClient } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useRef, useState } from 'react';
import { path, queryOf } from '../lib/api.ts';
import { count, words } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Assignment, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { FilterSelect } from '../ui/select.tsx';
import { Empty, ProblemView } from '../ui/states.tsx';
import { Ago } from '../ui/time.tsx';
import { PAGE, usePages, type Window } from './use-pages.ts';

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

/** Live numbers of the page around it are none of its business. */
export const AssignmentsTab = memo(function AssignmentsTab({ campaignId }: { readonly campaignId: string }) {
  const [phase, setPhase] = useQueryState('phase');
  const client = useQueryClient();
  /** What is in memory: the pages around what was looked at. */
  const rows = () =>
    client
      .getQueriesData<Page<Assignment>>({ queryKey: ['assignments', campaignId, phase] })
      .flatMap(([, page]) => page?.items ?? [])
      .map(cellsOf);
  return (
    <Card
      flush
      title="Vehicles"
      aside={
        <span className="row">
          <FilterSelect
            label="Phase"
            value={phase}
            options={PHASES.map((one) => [one, words(one)])}
            onChange={setPhase}
          />
          <a href={`/v1/exports/assignments${queryOf({ campaign: campaignId, format: 'parquet' })}`} download>
            All (Parquet)
          </a>
          <TakeTable name={`${campaignId}-vehicles`} head={HEAD} rows={rows} />
        </span>
      }
    >
      <Rows key={phase} campaignId={campaignId} phase={phase} />
    </Card>
  );
});

function Rows({ campaignId, phase }: { readonly campaignId: string; readonly phase: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState<Window>({ first: 0, last: 0 });
  const { pages, length, more, error, pending, onNext } = usePages(campaignId, phase, window);
  const virtual = useVirtualizer({
    count: length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const first = Math.floor((items[0]?.index ?? 0) / PAGE);
  const last = Math.floor(((items.at(-1)?.index ?? 0) + NEAR) / PAGE);
  if (first !== window.first || last !== window.last) setWindow({ first, last });
  if (length === 0 && !pending)
    return (
      <div className="body">
        <ProblemView error={error} />
        {error === null ? <Empty>{EMPTY(phase)}</Empty> : null}
      </div>
    );
  return (
    <>
      <ProblemView error={error} />
      <div
        className="virtual"
        ref={scroller}
        role="table"
        tabIndex={0}
        aria-label="Vehicles"
        aria-rowcount={more ? -1 : length}
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
            const row = pages.get(Math.floor(index / PAGE))?.items[index % PAGE];
            return row === undefined ? null : <Line key={row.id} row={row} top={start} index={index} />;
          })}
        </div>
      </div>
      <p className="small quiet body row" role="status">
        {count(length)} rows{more ? ' so far, more come as you scroll' : ''}
        {onNext === null ? null : (
          <button type="button" className="button" onClick={onNext}>
            Go on after these
          </button>
        )}
      </p>
    </>
  );
}

const EMPTY = (phase: string): string =>
  phase === ''
    ? 'There are no targets yet: they are listed once the query is frozen.'
    : `No vehicle is in the phase “${words(phase)}”.`;

interface LineProps {
  readonly row: Assignment;
  readonly top: number;
  readonly index: number;
}

/** Rendered once: scrolling moves the table, not its lines. */
const Line = memo(function Line({ row, top, index }: LineProps) {
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
      <span role="cell" className="small quiet">
        <Ago at={row.updatedAt} />
      </span>
    </div>
  );
});

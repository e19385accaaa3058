/** Totals taken apart: by stage, failure code and region. */
import { count, words } from '../lib/format.ts';
import { inFlightOf } from '../lib/progress.ts';
import { Link } from '../lib/router.tsx';
import type { Progress } from '../lib/types.ts';
import { MeterBar, StackedBar } from '../ui/bars.tsx';
import { Empty } from '../ui/states.tsx';
import { failuresOf } from './failures-of.ts';
import { codeRows, stageRows } from './tables.ts';

export function Stages({ progress }: { readonly progress: Progress }) {
  const most = Math.max(1, inFlightOf(progress.byPhase));
  return (
    <div className="stages-box">
      <dl className="stages">
        {stageRows(progress).map(([stage, vehicles]) => (
          <div key={stage}>
            <dt>{words(stage)}</dt>
            <dd>{count(vehicles)}</dd>
            <dd>
              <MeterBar value={vehicles} of={most} label={`${stage}: ${vehicles}`} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const CODES_SHOWN = 8;

interface CodesProps {
  readonly codes: Readonly<Record<string, number>>;
  /** Whose failed vehicles a code leads to; null = to none. */
  readonly campaignId: string | null;
}

export function Codes({ codes, campaignId }: CodesProps) {
  const sorted = codeRows(codes);
  if (sorted.length === 0) return <Empty>Nothing has failed.</Empty>;
  const most = sorted[0]?.[1] ?? 1;
  const rest = sorted.slice(CODES_SHOWN);
  return (
    <ul className="codes">
      {sorted.slice(0, CODES_SHOWN).map(([code, times]) => (
        <li key={code}>
          {campaignId === null ? (
            <code>{code}</code>
          ) : (
            <Link to={failuresOf(campaignId, { code })}>
              <code>{code}</code>
            </Link>
          )}
          <strong>{count(times)}</strong>
          <MeterBar value={times} of={most} label={`${code}: ${times}`} color="var(--bad-fill)" />
        </li>
      ))}
      {rest.length === 0 ? null : (
        <li className="quiet">
          {count(rest.length)} more codes{' '}
          <span>{count(rest.reduce((total, [, times]) => total + times, 0))}</span>
        </li>
      )}
    </ul>
  );
}

export function Regions({ progress }: { readonly progress: Progress }) {
  const regions = Object.entries(progress.byRegion).sort(([, a], [, b]) => b.targets - a.targets);
  if (regions.length === 0) return <Empty>There are no targets yet.</Empty>;
  return (
    <ul className="codes">
      {regions.map(([region, { targets, succeeded, failed, pending }]) => (
        <li key={region}>
          <span>{region === '' ? 'No region' : region}</span>
          <span className="small quiet">
            {count(targets - pending)} of {count(targets)} settled, {count(failed)} failed
          </span>
          <StackedBar
            total={targets}
            label={`${region}: ${succeeded} succeeded, ${failed} failed, ${pending} pending`}
            parts={[
              { name: 'Succeeded', value: succeeded, color: 'var(--good)' },
              { name: 'Failed', value: failed, color: 'var(--bad-fill)' },
              { name: 'Excused', value: targets - pending - succeeded - failed, color: 'var(--line-strong)' },
            ]}
          />
        </li>
      ))}
    </ul>
  );
}

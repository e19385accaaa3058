/** Failure rate by vehicle type × region. A frame stands only around slices that are too high beyond doubt. */
import type { ReactNode } from 'react';
import { Link } from '../lib/router.tsx';
import type { Progress, SliceShare } from '../lib/types.ts';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty } from '../ui/states.tsx';
import { failuresOf } from './failures-of.ts';
import { judged } from './verdict.ts';

interface HeatMapProps {
  readonly progress: Pick<Progress, 'byModel' | 'byRegion' | 'byModelRegion'>;
  readonly limit: number;
  /** Whose failed vehicles cells lead to; null = to none, as at a past instant. */
  readonly campaignId: string | null;
}

const sorted = (groups: Readonly<Record<string, SliceShare>>): readonly string[] =>
  Object.entries(groups)
    .sort(([a, left], [b, right]) => right.targets - left.targets || (a < b ? -1 : 1))
    .map(([name]) => name);

export function HeatMap({ progress, limit, campaignId }: HeatMapProps) {
  const common = { limit, campaignId };
  const models = sorted(progress.byModel);
  const regions = sorted(progress.byRegion);
  if (models.length === 0)
    return <Empty>There are no targets yet: rates appear with the first outcomes.</Empty>;
  return (
    <div className="stack">
      <svg className="hatch" width="0" height="0" aria-hidden="true">
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="6" fill="var(--card)" />
        </pattern>
      </svg>
      <Scrolls label="Failure rates">
        <table className="heat">
          <caption className="visually-hidden">
            Share of outcomes that are failures, with the number of vehicles behind each
          </caption>
          <thead>
            <tr>
              <td />
              {regions.map((region) => (
                <th key={region} scope="col">
                  {region || '–'}
                </th>
              ))}
              <th scope="col">All regions</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <tr key={model}>
                <th scope="row">{model || '–'}</th>
                {regions.map((region) => (
                  <Cell
                    key={region}
                    share={progress.byModelRegion[`${model}/${region}`]}
                    of={{ model, region }}
                    {...common}
                  />
                ))}
                <Cell share={progress.byModel[model]} of={{ model }} {...common} />
              </tr>
            ))}
            <tr>
              <th scope="row">All types</th>
              {regions.map((region) => (
                <Cell key={region} share={progress.byRegion[region]} of={{ region }} {...common} />
              ))}
              <td />
            </tr>
          </tbody>
        </table>
      </Scrolls>
      <div className="legend">
        <span style={{ '--swatch': 'var(--bad-fill)' } as object}>framed: too high beyond doubt (95%)</span>
        <span style={{ '--swatch': 'var(--bad-soft)' } as object}>
          pale or hatched: few vehicles, may be chance
        </span>
        <span style={{ '--swatch': 'var(--good-soft)' } as object}>within the limit</span>
      </div>
    </div>
  );
}

interface CellProps {
  readonly share: SliceShare | undefined;
  readonly of: { readonly model?: string; readonly region?: string };
  readonly limit: number;
  readonly campaignId: string | null;
}

function Cell({ share, of, limit, campaignId }: CellProps) {
  if (share === undefined) return <td aria-label="no vehicles" />;
  const { verdict, said, rate, of: counted, detail, fill, opacity } = judged(share, limit);
  return (
    <td className={verdict} title={detail}>
      <svg className="fill" aria-hidden="true" preserveAspectRatio="none">
        <rect className="eases" width="100%" height="100%" rx="5" fill={fill} opacity={opacity} />
        {verdict === 'unsure' ? <rect width="100%" height="100%" rx="5" fill="url(#hatch)" /> : null}
      </svg>
      <Which
        to={campaignId === null || share.failed === 0 || !isNamed(of) ? null : failuresOf(campaignId, of)}
      >
        <span className="rate">{rate}</span>
        <span className="of">
          {counted}
          <span className="visually-hidden">, {said}</span>
        </span>
      </Which>
    </td>
  );
}

/** A slice without a name can't be asked for. */
const isNamed = (of: CellProps['of']): boolean => Object.values(of).every((value) => value !== '');

/** Where something failed, the next question is which vehicles. */
function Which({ to, children }: { readonly to: string | null; readonly children: ReactNode }) {
  if (to === null) return children;
  return (
    <Link to={to} className="which">
      {children}
      <span className="visually-hidden">: which vehicles</span>
    </Link>
  );
}

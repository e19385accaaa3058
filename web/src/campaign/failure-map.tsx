/** The heat map's last row on a map: failure rate by country, with the number of vehicles behind each. */
import { Suspense } from 'react';
import { count, regionName } from '../lib/format.ts';
import { part } from '../lib/part.ts';
import { settledOf } from '../lib/progress.ts';
import type { Progress, SliceShare } from '../lib/types.ts';
import type { Mark } from '../map/marks.tsx';
import { byCountry, type Grouped } from '../map/places.ts';
import { Empty } from '../ui/states.tsx';
import { judged } from './verdict.ts';

const RegionMap = part(() => import('../map/region-map.tsx'));

type Counted = Pick<SliceShare, 'targets' | 'succeeded' | 'failed' | 'pending'>;

const add = (a: Counted, b: Counted): Counted => ({
  targets: a.targets + b.targets,
  succeeded: a.succeeded + b.succeeded,
  failed: a.failed + b.failed,
  pending: a.pending + b.pending,
});

function markOf({ code, sum, regions }: Grouped<Counted>, limit: number): Mark {
  const { verdict, rate, of, detail, fill, opacity } = judged(sum, limit);
  const parts = regions.length === 1 && regions[0] === code ? '' : `, of ${regions.join(', ')}`;
  return {
    code,
    size: sum.targets,
    figure: rate,
    text: `${regionName(code)}${parts}: ${rate} failed, ${of} outcomes, ${count(settledOf(sum))} settled; ${detail}`,
    fill,
    opacity,
    tone: verdict === 'bad' || verdict === 'unsure' ? verdict : 'plain',
  };
}

interface FailureMapProps {
  readonly byRegion: Progress['byRegion'];
  readonly limit: number;
}

export function FailureMap({ byRegion, limit }: FailureMapProps) {
  const countries = byCountry<Counted>(byRegion, add, ({ targets }) => targets);
  if (countries.length === 0) return <Empty>There are no targets yet: they are shown where they are.</Empty>;
  return (
    <Suspense fallback={<div className="map-frame" />}>
      <RegionMap label="Failure rate by country" marks={countries.map((country) => markOf(country, limit))} />
    </Suspense>
  );
}

/** Vehicles by what they have in common, and how many of each are active. */
import { type ReactNode, Suspense } from 'react';
import { count, percent, regionName } from '../lib/format.ts';
import { part } from '../lib/part.ts';
import type { FleetStatus } from '../lib/types.ts';
import type { Mark } from '../map/marks.tsx';
import { byCountry } from '../map/places.ts';
import { MeterBar } from '../ui/bars.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty } from '../ui/states.tsx';

const RegionMap = part(() => import('../map/region-map.tsx'));

type Counts = FleetStatus['byModel'];
const SHOWN = 8;

export const NoVehicles = () => (
  <>
    <p>No vehicle is registered yet.</p>
    <code>npx fleetwave import vehicles.csv</code>
  </>
);

interface Group {
  readonly vehicles: number;
  readonly active: number;
}

interface GroupsProps {
  readonly title: string;
  readonly all: Counts;
  readonly active: Counts;
  readonly empty?: ReactNode;
  readonly note?: string;
  /** How a person reads a group's name. */
  readonly nameOf?: (name: string) => string;
  /** Where the groups are regions. */
  readonly map?: boolean;
}

/** Who is active is known a moment before read models are: no part may look larger than its whole. */
const groupsOf = (all: Counts, active: Counts): Readonly<Record<string, Group>> =>
  Object.fromEntries(
    Object.entries(all).map(([name, counted]) => {
      const now = active[name] ?? 0;
      return [name, { vehicles: Math.max(counted, now), active: now }];
    }),
  );

export function Groups(props: GroupsProps) {
  const { title, all, active, empty = <NoVehicles />, map = false, note, nameOf = String } = props;
  const groups = groupsOf(all, active);
  const sorted = Object.entries(groups).sort(([, a], [, b]) => b.vehicles - a.vehicles);
  const rows = () => sorted.map(([name, group]) => [name, group.active, group.vehicles]);
  return (
    <Card
      title={title}
      aside={
        <TakeTable
          name={title.toLowerCase().replaceAll(' ', '-')}
          head={['Group', 'Active', 'Vehicles']}
          rows={rows}
        />
      }
    >
      {sorted.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <div className="stack">
          {map ? <ActiveMap groups={groups} /> : null}
          <ul className={map ? 'codes wide' : 'codes'}>
            {sorted.slice(0, SHOWN).map(([name, group]) => (
              <li key={name}>
                <span>{nameOf(name)}</span>
                <span className="small quiet">
                  {count(group.active)} of {count(group.vehicles)}
                </span>
                <MeterBar
                  value={group.active}
                  of={group.vehicles}
                  label={`${name}: ${group.active} of ${group.vehicles} active`}
                />
              </li>
            ))}
            {sorted.length > SHOWN ? <li className="small quiet">{sorted.length - SHOWN} more</li> : null}
          </ul>
          {note === undefined ? null : <p className="small quiet">{note}</p>}
        </div>
      )}
    </Card>
  );
}

const add = (a: Group, b: Group): Group => ({
  vehicles: a.vehicles + b.vehicles,
  active: a.active + b.active,
});

/** The more of them are active, the fuller the colour. */
function markOf(code: string, { vehicles, active }: Group): Mark {
  const share = vehicles === 0 ? 0 : active / vehicles;
  return {
    code,
    size: vehicles,
    figure: percent(share),
    text: `${regionName(code)}: ${count(active)} of ${count(vehicles)} vehicles are active, ${percent(share)}`,
    fill: 'var(--run)',
    opacity: share,
    tone: 'plain',
  };
}

function ActiveMap({ groups }: { readonly groups: Readonly<Record<string, Group>> }) {
  const countries = byCountry(groups, add, ({ vehicles }) => vehicles);
  return (
    <Suspense fallback={<div className="map-frame" />}>
      <RegionMap
        label="Active vehicles by country"
        marks={countries.map(({ code, sum }) => markOf(code, sum))}
      />
    </Suspense>
  );
}

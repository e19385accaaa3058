/** Who would get it, counted now: how many, which, and why others can not. */
import { count, percent, words } from '../lib/format.ts';
import type { TargetingCount } from '../lib/types.ts';
import { MeterBar } from '../ui/bars.tsx';
import { Card, Figures } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty } from '../ui/states.tsx';
import type { WaveDraft } from './draft.ts';

interface PreviewProps {
  readonly found: TargetingCount | undefined;
  readonly stale: boolean;
  /** The query could not be read. */
  readonly wrong: boolean;
  readonly waves: readonly WaveDraft[];
}

const FACETS_SHOWN = 6;

export function Preview({ found, stale, wrong, waves }: PreviewProps) {
  if (found === undefined)
    return (
      <Card title="Who would get it">
        <Empty>
          {wrong
            ? 'The target query can not be read yet: what is wrong stands below it.'
            : 'Write a target query: the vehicles are counted as you type.'}
        </Empty>
      </Card>
    );
  return (
    <Card
      title="Who would get it"
      aside={
        <span className="row">
          <span role="status">{stale ? 'Counting…' : 'Counted now'}</span>
          <TakeTable name="who-would-get-it" head={HEAD} rows={() => rowsOf(found, waves)} />
        </span>
      }
    >
      <div className="stack">
        <Figures
          label="Vehicles"
          figures={[
            { name: 'Matched', value: count(found.matched) },
            {
              name: 'Can take it',
              value: count(found.compatible),
              tone: found.compatible > 0 ? 'good' : 'bad',
            },
            { name: "Can't", value: count(found.matched - found.compatible) },
          ]}
        />
        <Reasons found={found} />
        <WaveSizes waves={waves} vehicles={found.compatible} />
        <div className="facets">
          {Object.entries(found.facets).map(([name, values]) => (
            <Facet key={name} name={name} values={values} of={found.compatible} />
          ))}
        </div>
      </div>
    </Card>
  );
}

function Reasons({ found }: { readonly found: TargetingCount }) {
  if (found.reasons.length === 0) return null;
  const most = found.matched - found.compatible;
  return (
    <div className="facets">
      <h3>Why others can’t</h3>
      <ul>
        {found.reasons.map(({ code, vehicles }) => (
          <li key={code}>
            <span>{words(code)}</span>
            <MeterBar value={vehicles} of={most} label={`${code}: ${vehicles}`} color="var(--warn)" />
            <span className="num">{count(vehicles)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** As the planner cuts them: in their order, the last one takes what is left. */
function sizesOf(waves: readonly WaveDraft[], vehicles: number): readonly number[] {
  let taken = 0;
  return waves.map((wave, i) => {
    const wanted = wave.unit === 'percent' ? (Number(wave.size) / 100) * vehicles : Number(wave.size);
    const left = vehicles - taken;
    const size = i === waves.length - 1 ? left : Math.max(0, Math.min(left, Math.round(wanted || 0)));
    taken += size;
    return size;
  });
}

const HEAD = ['Group', 'Value', 'Vehicles'];

const rowsOf = (found: TargetingCount, waves: readonly WaveDraft[]) => [
  ['vehicles', 'matched', found.matched],
  ['vehicles', 'compatible', found.compatible],
  ...found.reasons.map(({ code, vehicles }) => ['why not', code, vehicles]),
  ...sizesOf(waves, found.compatible).map((size, i) => ['wave', waves[i]?.name, size]),
  ...Object.entries(found.facets).flatMap(([name, values]) =>
    values.map(({ value, vehicles }) => [name, value, vehicles]),
  ),
];

function WaveSizes({ waves, vehicles }: { readonly waves: readonly WaveDraft[]; readonly vehicles: number }) {
  const sizes = sizesOf(waves, vehicles);
  return (
    <div className="facets">
      <h3>Waves</h3>
      <ul>
        {waves.map((wave, i) => {
          const size = sizes[i] ?? 0;
          return (
            <li key={wave.key}>
              <span>
                {i + 1}. {wave.name}
              </span>
              <MeterBar value={size} of={vehicles} label={`${wave.name}: ${size}`} />
              <span className="num">{count(size)}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

interface FacetProps {
  readonly name: string;
  readonly values: TargetingCount['facets'][string];
  readonly of: number;
}

function Facet({ name, values, of }: FacetProps) {
  return (
    <div>
      <h3>{words(name)}</h3>
      <ul>
        {values.slice(0, FACETS_SHOWN).map(({ value, vehicles }) => (
          <li key={value} title={percent(of === 0 ? 0 : vehicles / of)}>
            <span>{value === '' ? '–' : value}</span>
            <MeterBar value={vehicles} of={of} label={`${value}: ${vehicles}`} />
            <span className="num">{count(vehicles)}</span>
          </li>
        ))}
      </ul>
      {values.length > FACETS_SHOWN ? (
        <p className="small quiet">{values.length - FACETS_SHOWN} more</p>
      ) : null}
    </div>
  );
}

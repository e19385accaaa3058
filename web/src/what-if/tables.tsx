/** Both sides in numbers: as a whole, and wave by wave. */
import type { WhatIf } from '../../../src/api/what-if/schemas.ts';
import { count, duration, time, words } from '../lib/format.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';

const ROWS = [
  ['Succeeded', 'succeeded'],
  ['Failed', 'failed'],
  ['Excused', 'excused'],
  ['In flight', 'inFlight'],
  ['Waiting', 'waiting'],
] as const;

const signed = (value: number): string => (value === 0 ? '=' : `${value > 0 ? '+' : ''}${count(value)}`);

const ended = (side: WhatIf['recorded']): string =>
  side.endedAt === null ? words(side.state) : time(side.endedAt);

function endDifference({ recorded, calculated }: WhatIf): string {
  if (recorded.endedAt === null || calculated.endedAt === null) return '';
  const by = (Date.parse(calculated.endedAt) - Date.parse(recorded.endedAt)) / 1000;
  if (Math.abs(by) < 1) return '=';
  return `${duration(Math.abs(by))} ${by < 0 ? 'sooner' : 'later'}`;
}

export function SideBySide({ answer }: { readonly answer: WhatIf }) {
  const { recorded, calculated } = answer;
  const head = ['Vehicles', 'On record', 'Calculated', 'Difference'];
  const rows = [
    ...ROWS.map(([name, kind]) => [
      name,
      count(recorded.totals[kind]),
      count(calculated.totals[kind]),
      signed(calculated.totals[kind] - recorded.totals[kind]),
    ]),
    ['End', ended(recorded), ended(calculated), endDifference(answer)],
  ];
  const taken = () => [
    ...ROWS.map(([name, kind]) => {
      const [before, now] = [recorded.totals[kind], calculated.totals[kind]];
      return [name, before, now, now - before];
    }),
    ['End', recorded.endedAt, calculated.endedAt],
  ];
  return (
    <Card title="Side by side" flush aside={<TakeTable name="what-if" head={head} rows={taken} />}>
      <Scrolls label="On record and calculated">
        <table className="table">
          <thead>
            <tr>
              {head.map((name, i) => (
                <th key={name} className={i === 0 ? undefined : 'num'}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, before, now, by]) => (
              <tr key={name}>
                <td>{name}</td>
                <td className="num">{before}</td>
                <td className="num">{now}</td>
                <td className="num quiet">{by}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </Card>
  );
}

type Wave = WhatIf['recorded']['waves'][number];

const text = (value: number | null): string => (value === null ? '–' : count(value));
const when = (at: string | null): string => (at === null ? 'not released' : time(at));

const cellsOf = ({ wave, name, targets, releasedAt, offeredBefore, gate, succeeded, failed }: Wave) => [
  `${wave} (${name})`,
  count(targets),
  when(releasedAt),
  text(offeredBefore),
  gate === null ? '' : words(gate.outcome),
  count(succeeded),
  count(failed),
];

/** The same for a file: numbers as numbers, instants as instants. */
const takenOf = ({ wave, name, targets, releasedAt, offeredBefore, gate, succeeded, failed }: Wave) => [
  `${wave} (${name})`,
  targets,
  releasedAt,
  offeredBefore,
  gate?.outcome,
  succeeded,
  failed,
];

const HEAD = [
  'Wave',
  'Targets',
  'Released',
  'Offered before its gate decided',
  'Gate',
  'Succeeded',
  'Failed',
];

export function WaveTable({ answer }: { readonly answer: WhatIf }) {
  const { recorded, calculated } = answer;
  const sides = [
    ['Calculated', calculated.waves],
    ['On record', recorded.waves],
  ] as const;
  const rows = () => sides.flatMap(([side, waves]) => waves.map((wave) => [side, ...takenOf(wave)]));
  return (
    <Card
      title="Wave by wave"
      flush
      aside={<TakeTable name="what-if-waves" head={['Side', ...HEAD]} rows={rows} />}
    >
      <Scrolls label="Waves">
        <table className="table">
          <thead>
            <tr>
              {HEAD.map((name) => (
                <th key={name} className={NUMBERS.has(name) ? 'num' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          {sides.map(([side, waves]) => (
            <tbody key={side}>
              <tr>
                <th colSpan={HEAD.length} scope="rowgroup">
                  {side}
                </th>
              </tr>
              {waves.map((wave) => (
                <Row key={wave.wave} wave={wave} />
              ))}
            </tbody>
          ))}
        </table>
      </Scrolls>
    </Card>
  );
}

const NUMBERS: ReadonlySet<string> = new Set([
  'Targets',
  'Offered before its gate decided',
  'Succeeded',
  'Failed',
]);

const classOf = (name: string): string | undefined =>
  NUMBERS.has(name) ? 'num' : name === 'Released' ? 'when' : undefined;

function Row({ wave }: { readonly wave: Wave }) {
  const cells = cellsOf(wave);
  return (
    <tr>
      {cells.map((cell, i) => (
        <td key={HEAD[i]} className={classOf(HEAD[i] ?? '')}>
          {HEAD[i] === 'Gate' && wave.gate !== null ? (
            <span title={wave.gate.reason}>
              <Badge state={wave.gate.outcome} />
            </span>
          ) : (
            cell
          )}
        </td>
      ))}
    </tr>
  );
}

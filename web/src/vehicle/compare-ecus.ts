/** ECUs a line per component, and what of it was different at another moment. */
import type { Ecu } from '../lib/types.ts';

export type Change = 'new' | 'gone' | 'other-version' | 'other-hardware';

export interface Part {
  readonly ecu: string;
  readonly hardware: string;
  readonly component: string;
  /** Null where it is gone. */
  readonly software: string | null;
  /** Null without a comparison, or where it is new. */
  readonly before: string | null;
  readonly change: Change | null;
}

type Line = Pick<Part, 'ecu' | 'hardware' | 'component'> & {
  readonly software: string;
  readonly serial: string;
};

const linesOf = (ecus: readonly Ecu[]): ReadonlyMap<string, Line> =>
  new Map(
    ecus.flatMap(({ type, position, serial, hardware, components }) => {
      const ecu = position === '' ? type : `${type} ${position}`;
      return components.map(({ name, softwareVersion }) => [
        `${ecu}/${name}`,
        {
          ecu,
          hardware: `${hardware.part} ${hardware.version}`,
          component: name,
          software: softwareVersion,
          serial,
        },
      ]);
    }),
  );

/** @param before null = without a comparison. */
export function compared(now: readonly Ecu[], before: readonly Ecu[] | null): readonly Part[] {
  const lines = linesOf(now);
  const old = linesOf(before ?? []);
  const parts = [...lines].map(([key, line]): Part => {
    const was = old.get(key);
    const change = before === null ? null : was === undefined ? 'new' : changeOf(line, was);
    return { ...shown(line), software: line.software, before: was?.software ?? null, change };
  });
  const gone = [...old].filter(([key]) => !lines.has(key));
  return [
    ...parts,
    ...gone.map(
      ([, line]): Part => ({ ...shown(line), software: null, before: line.software, change: 'gone' }),
    ),
  ];
}

const shown = ({ ecu, hardware, component }: Line) => ({ ecu, hardware, component });

/** Another serial number is another piece of hardware, also of the same part. */
function changeOf(line: Line, was: Line): Change | null {
  if (line.software !== was.software) return 'other-version';
  return line.hardware !== was.hardware || line.serial !== was.serial ? 'other-hardware' : null;
}

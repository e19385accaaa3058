/** Options of `fleetwave demo`. */
import { type OptionSpec, parseRate, parseWhole } from '../simulator/options.ts';

export const SABOTAGES = ['drop', 'double', 'flip', 'late-trigger'] as const;
export type Sabotage = (typeof SABOTAGES)[number];
export const SITES = ['embedded', 'distributed'] as const;

export interface DemoOptions {
  readonly vehicles?: number | undefined;
  readonly failRate?: number | undefined;
  readonly seed?: number | undefined;
  /** Directory that is kept; without it a temporary one is used and removed. */
  readonly keepData?: string | undefined;
  /** Keeps serving at the end, until Ctrl-C. */
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly sabotage?: Sabotage | undefined;
  readonly engines?: (typeof SITES)[number] | undefined;
}

export const demoOptions: readonly OptionSpec[] = [
  {
    flags: '--vehicles <n>',
    description: 'size of the simulated fleet',
    fallback: 300,
    parse: parseWhole('--vehicles', 20, 100_000),
  },
  {
    flags: '--fail-rate <share>',
    description: 'share of vehicles on which every installation fails',
    fallback: 0.03,
    parse: parseRate('--fail-rate'),
  },
  {
    flags: '--seed <n>',
    description: 'decides the fleet, the bytes and what goes wrong',
    fallback: 1,
    parse: parseWhole('--seed', 0, 0xffff_ffff),
  },
  {
    flags: '--engines <kind>',
    description: 'one process on the embedded default, or a process per role on real engines',
    choices: SITES,
    fallback: 'embedded',
  },
  { flags: '--keep-data <dir>', description: 'keep everything in this directory (new or empty)' },
  { flags: '--watch', description: 'keep serving at the end, until Ctrl-C' },
  { flags: '--json', description: 'the result as one line of JSON at the end' },
  {
    flags: '--sabotage <kind>',
    description: 'break one thing on purpose: the check must find it and exit 1',
    choices: SABOTAGES,
  },
];

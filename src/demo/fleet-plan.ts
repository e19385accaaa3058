/** The invented fleet: mixed on purpose, and a known share of it can't take the update. */
import { fateOf, type Rates } from '../simulator/fate.ts';
import { fraction, hash32 } from '../simulator/random.ts';
import type { Ecus } from '../simulator/verify-offer.ts';
import { vinOf } from './vin.ts';

/** Why a vehicle can't take the update; null = it can. */
export type Misfit = 'wrong-hardware' | 'wrong-region' | 'missing-ecu' | 'old-software' | null;

export interface PlannedVehicle {
  readonly index: number;
  readonly misfit: Misfit;
  /** Row of the import. */
  readonly row: {
    readonly vin: string;
    readonly brand: string;
    readonly model: string;
    readonly variant: string;
    readonly region: string;
    readonly timeZone: string;
    readonly tags: readonly string[];
    readonly buildDate: string;
    readonly ecus: Ecus;
  };
}

/** Each kind of misfit, of all vehicles. */
const MISFIT_SHARE = 0.03;
const MISFITS = ['wrong-hardware', 'wrong-region', 'missing-ecu', 'old-software'] as const;

const MODELS = [
  { brand: 'Aurora', wmi: 'WAU', model: 'A3', code: 'A3XXX', variants: ['hatch', 'touring'] },
  { brand: 'Aurora', wmi: 'WAU', model: 'A7', code: 'A7XXX', variants: ['coupe', 'touring'] },
  { brand: 'Borealis', wmi: 'VSS', model: 'Boreal', code: 'BRLXX', variants: ['city', 'cross'] },
  { brand: 'Cirrus', wmi: 'TMB', model: 'C-One', code: 'CNEXX', variants: [''] },
] as const;
const MARKETS = [
  { region: 'DE', timeZone: 'Europe/Berlin' },
  { region: 'DE-BY', timeZone: 'Europe/Berlin' },
  { region: 'FR', timeZone: 'Europe/Paris' },
  { region: 'GB', timeZone: 'Europe/London' },
  { region: 'US-CA', timeZone: 'America/Los_Angeles' },
] as const;
const UNAPPROVED = { region: 'JP', timeZone: 'Asia/Tokyo' } as const;

export const BRANDS = [...new Set(MODELS.map(({ brand }) => brand))];
export const APPROVED_REGIONS = ['DE', 'FR', 'GB', 'US'];

const pick = <T>(seed: number, index: number, label: string, choices: readonly T[]): T =>
  choices[hash32(seed, index, label) % choices.length] as T;

const ecu = (
  type: string,
  index: number,
  part: string,
  version: string,
  softwareVersion: string,
): Ecus[number] => ({
  type,
  position: '',
  serial: `${type}-${String(index).padStart(7, '0')}`,
  hardware: { part, version },
  components: [{ name: 'main', part: '', softwareVersion }],
});

function misfitOf(seed: number, index: number): Misfit {
  const drawn = fraction(seed, index, 'misfit');
  return MISFITS[Math.floor(drawn / MISFIT_SHARE)] ?? null;
}

/** One vehicle: a function of seed and index. */
export function planVehicle(seed: number, index: number): PlannedVehicle {
  const misfit = misfitOf(seed, index);
  const { brand, wmi, model, code, variants } = pick(seed, index, 'model', MODELS);
  const market = misfit === 'wrong-region' ? UNAPPROVED : pick(seed, index, 'market', MARKETS);
  const tcmPart = misfit === 'wrong-hardware' ? 'TCM-90' : pick(seed, index, 'tcm', ['TCM-100', 'TCM-110']);
  const tcmSoftware =
    misfit === 'old-software' ? '1.8.0' : pick(seed, index, 'software', ['2.0.0', '2.0.1', '2.0.5']);
  const ecus = [
    ecu('TCM', index, tcmPart, pick(seed, index, 'tcm-version', ['1.0.0', '1.1.0']), tcmSoftware),
    ecu('GW', index, 'GW-7', '3.0.0', '5.2.0'),
  ];
  if (misfit !== 'missing-ecu') ecus.push(ecu('ADAS', index, 'ADAS-X', '2.0.0', '1.3.0'));
  if (fraction(seed, index, 'ivi') < 0.5) ecus.push(ecu('IVI', index, 'IVI-12', '1.0.0', '11.0.4'));
  const month = 1 + (hash32(seed, index, 'month') % 12);
  return {
    index,
    misfit,
    row: {
      vin: vinOf(wmi, code, index),
      brand,
      model,
      variant: pick<string>(seed, index, 'variant', variants),
      ...market,
      tags: fraction(seed, index, 'pilot') < 0.1 ? ['pilot'] : [],
      buildDate: `2025-${String(month).padStart(2, '0')}-15`,
      ecus,
    },
  };
}

/** Vehicles are made when they are needed: they are a function of seed and index. */
export interface FleetPlan {
  readonly count: number;
  vehicle(index: number): PlannedVehicle;
  readonly compatible: number;
  readonly incompatible: number;
  /** VINs of the vehicles that can take the update but will fail every attempt. */
  readonly failing: ReadonlySet<string>;
}

export function planFleet(count: number, seed: number, rates: Rates): FleetPlan {
  let compatible = 0;
  const failing = new Set<string>();
  for (let index = 0; index < count; index++) {
    if (misfitOf(seed, index) !== null) continue;
    compatible++;
    if (fateOf(seed, index, rates).fails !== null) failing.add(planVehicle(seed, index).row.vin);
  }
  const vehicle = (index: number): PlannedVehicle => planVehicle(seed, index);
  return { count, vehicle, compatible, incompatible: count - compatible, failing };
}

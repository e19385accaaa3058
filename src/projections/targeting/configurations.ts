/**
 * What vehicles have in common: many are alike in everything that queries and artifacts ask for, so each distinct
 * configuration is kept, judged and counted once.
 */
import type { VehicleFacts } from '../../domain/artifact/compatibility.ts';
import type { ConfigurationFacts } from '../../domain/targeting/evaluate.ts';
import type { Ecu, VehicleDescription } from '../../domain/vehicle/events.ts';
import { GrowingArray, Interner } from './columns.ts';

/** Without build date, serials and component part numbers: no configuration is told from another by them. */
export type Configuration = ConfigurationFacts &
  Omit<VehicleFacts, 'ecus' | 'serviceFlags'> & { readonly ecus: readonly Ecu[] };

export type Description = Omit<VehicleDescription, 'buildDate'>;
type Equipment = readonly Ecu[];

/** Attributes that counts are split by. */
export const FACETS = ['brand', 'model', 'variant', 'region'] as const;
export type Facet = (typeof FACETS)[number];

/** The configuration of a number that is no vehicle (yet). */
export const NO_CONFIGURATION = 0;
/** Room for equipments behind a description in one exact number. */
const EQUIPMENTS = 2 ** 26;

const bare = ({ type, position, hardware, components }: Ecu): Ecu => ({
  type,
  position,
  serial: '',
  hardware: { part: hardware.part, version: hardware.version },
  components: components.map(({ name, softwareVersion }) => ({ name, part: '', softwareVersion })),
});

export class Configurations {
  readonly #descriptions = new Interner<Description>();
  /** Each distinct ECU once: vehicles differ in few of theirs. */
  readonly #ecus = new Interner<Ecu>();
  readonly #equipments = new Interner<Equipment>();
  /** Number of a configuration by its description, equipment and whether it is decommissioned. */
  readonly #numbers = new Map<number, number>();
  readonly #all: (Configuration | null)[] = [null];
  readonly #parts: { readonly description: number; readonly equipment: number }[] = [
    { description: 0, equipment: 0 },
  ];
  readonly #population = new GrowingArray((length) => new Uint32Array(length));
  readonly #codes: Readonly<Record<Facet, GrowingArray<Uint32Array>>>;
  readonly #texts: Readonly<Record<Facet, Interner<string>>>;

  constructor() {
    const columns = FACETS.map((facet) => [facet, new GrowingArray((length) => new Uint32Array(length))]);
    this.#codes = Object.fromEntries(columns) as Record<Facet, GrowingArray<Uint32Array>>;
    const texts = FACETS.map((facet) => [facet, new Interner<string>()]);
    this.#texts = Object.fromEntries(texts) as Record<Facet, Interner<string>>;
  }

  /** Configurations are 1..size-1. */
  get size(): number {
    return this.#all.length;
  }

  /** Vehicles of each configuration. */
  get population(): Uint32Array {
    return this.#population.upTo(this.size - 1);
  }

  /** @throws RangeError for a number that is none. */
  get(number: number): Configuration {
    const configuration = this.#all[number];
    if (configuration === undefined || configuration === null)
      throw new RangeError(`there is no configuration ${number}`);
    return configuration;
  }

  /** Number of each configuration's value, and the values by number. */
  facet(name: Facet): { readonly codes: Uint32Array; readonly texts: Interner<string> } {
    return { codes: this.#codes[name].upTo(this.size - 1), texts: this.#texts[name] };
  }

  describe(of: number, description: Description): number {
    const { brand, model, variant, region, timeZone } = description;
    const tags = [...description.tags].sort();
    const key = JSON.stringify([brand, model, variant, region, timeZone, tags]);
    const number = this.#descriptions.intern(key, () => ({ brand, model, variant, region, timeZone, tags }));
    return this.#combine(number, this.#partsOf(of).equipment, this.#isDecommissioned(of));
  }

  equip(of: number, ecus: readonly Ecu[]): number {
    // In order of their numbers, so that the same ECUs in another order are the same equipment.
    const ecuNumbers = ecus.map((ecu) => this.#ecus.intern(ecuKey(ecu), () => bare(ecu)));
    ecuNumbers.sort((a, b) => a - b);
    const number = this.#equipments.intern(ecuNumbers.join(), () =>
      ecuNumbers.map((one) => this.#ecus.get(one)),
    );
    return this.#combine(this.#partsOf(of).description, number, this.#isDecommissioned(of));
  }

  replaceEcu(of: number, installed: Ecu): number {
    const ecus = this.#equipments.get(this.#partsOf(of).equipment);
    return this.equip(
      of,
      ecus.map((ecu) =>
        ecu.type === installed.type && ecu.position === installed.position ? installed : ecu,
      ),
    );
  }

  decommission(of: number): number {
    const { description, equipment } = this.#partsOf(of);
    return this.#combine(description, equipment, true);
  }

  /** The configuration of a vehicle that was registered and nothing more. */
  undescribed(): number {
    const nothing: Description = { brand: '', model: '', variant: '', region: '', timeZone: 'UTC', tags: [] };
    const description = this.#descriptions.intern('', () => nothing);
    return this.#combine(
      description,
      this.#equipments.intern('', () => []),
      false,
    );
  }

  /** Counts one vehicle as moved. */
  move(from: number, to: number): void {
    const population = this.#population.upTo(Math.max(from, to));
    if (from !== NO_CONFIGURATION) population[from] = (population[from] ?? 0) - 1;
    if (to !== NO_CONFIGURATION) population[to] = (population[to] ?? 0) + 1;
  }

  #combine(description: number, equipment: number, decommissioned: boolean): number {
    const key = (description * 2 + (decommissioned ? 1 : 0)) * EQUIPMENTS + equipment;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#all.length;
    const configuration = {
      ...this.#descriptions.get(description),
      ecus: this.#equipments.get(equipment),
      decommissioned,
    };
    this.#all.push(configuration);
    this.#parts.push({ description, equipment });
    this.#numbers.set(key, number);
    for (const facet of FACETS) {
      const text = configuration[facet];
      this.#codes[facet].upTo(number)[number] = this.#texts[facet].intern(text, () => text);
    }
    return number;
  }

  #partsOf(number: number): { readonly description: number; readonly equipment: number } {
    const parts = this.#parts[number];
    if (parts === undefined) throw new RangeError(`there is no configuration ${number}`);
    return parts;
  }

  #isDecommissioned(number: number): boolean {
    return this.#all[number]?.decommissioned === true;
  }
}

/** What tells ECUs apart; free texts with their lengths, so that no two ECUs have the same key. */
function ecuKey({ type, position, hardware: { part, version }, components }: Ecu): string {
  let key = `${type}/${position}/${part.length}/${part}/${version.length}/${version}`;
  for (const { name, softwareVersion } of components)
    key += `/${name}/${softwareVersion.length}/${softwareVersion}`;
  return key;
}

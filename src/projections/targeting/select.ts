/** Counting and listing what a query selects, at one point of the log. */
import type { TargetingCount, TargetRow } from '../../app/ports.ts';
import { COMPATIBILITY_CODES } from '../../domain/artifact/compatibility.ts';
import type { TargetSlice } from '../../domain/campaign/events.ts';
import { sliceOf } from '../../domain/targeting/slice.ts';
import { Interner } from './columns.ts';
import { FACETS } from './configurations.ts';
import { type ArtifactVerdicts, addReasons, canTake, type QueryAnswers, reasonCounts } from './judgements.ts';
import { Matching } from './matching.ts';
import type { VehicleTable } from './vehicle-table.ts';

/** Values of one facet, the commonest first; the rest is left out. */
const FACET_VALUES = 500;
const ROWS_PER_BATCH = 10_000;

export function countVehicles(
  table: VehicleTable,
  query: QueryAnswers,
  verdicts: ArtifactVerdicts,
): TargetingCount {
  const { matched } = new Matching(table, query);
  const { reasons } = verdicts.of(matched);
  const taking = new Float64Array(matched.length);
  const sums = new Float64Array(COMPATIBILITY_CODES.length);
  let all = 0;
  let compatible = 0;
  for (let number = 1; number < matched.length; number++) {
    const vehicles = matched[number] ?? 0;
    if (vehicles === 0) continue;
    all += vehicles;
    const judged = reasons[number] ?? 0;
    if (canTake(judged)) {
      compatible += vehicles;
      taking[number] = vehicles;
    } else addReasons(judged, vehicles, sums);
  }
  return { matched: all, compatible, reasons: reasonCounts(sums), facets: facetsOf(table, verdicts, taking) };
}

function facetsOf(
  table: VehicleTable,
  verdicts: ArtifactVerdicts,
  vehicles: Float64Array,
): TargetingCount['facets'] {
  const facets: Record<string, readonly { value: string; vehicles: number }[]> = {};
  for (const name of FACETS) {
    const { codes, texts } = table.configurations.facet(name);
    facets[name] = sumUp(codes, texts, vehicles);
  }
  if (verdicts.artifacts.length > 0) {
    const { hardware, software } = verdicts.of(vehicles);
    facets['hardware'] = sumUp(hardware, verdicts.texts.hardware, vehicles);
    facets['software'] = sumUp(software, verdicts.texts.software, vehicles);
  }
  return facets;
}

function sumUp(
  codes: Uint32Array,
  texts: Interner<string>,
  vehicles: Float64Array,
): { value: string; vehicles: number }[] {
  const sums = new Float64Array(texts.size);
  for (let number = 1; number < vehicles.length; number++) {
    const some = vehicles[number] ?? 0;
    const code = codes[number] ?? 0;
    if (some !== 0) sums[code] = (sums[code] ?? 0) + some;
  }
  const values: { value: string; vehicles: number }[] = [];
  for (let code = 0; code < sums.length; code++) {
    const sum = sums[code] ?? 0;
    if (sum > 0) values.push({ value: texts.get(code), vehicles: sum });
  }
  return values
    .sort((a, b) => b.vehicles - a.vehicles || (a.value < b.value ? -1 : 1))
    .slice(0, FACET_VALUES);
}

/** A selection that stays as it is while the log goes on: 12 bytes per vehicle until it was read. */
export interface Selected {
  readonly matched: number;
  readonly incompatible: number;
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
  readonly slices: readonly TargetSlice[];
  /** The next rows; null after the last. */
  next(): readonly TargetRow[] | null;
}

export function selectVehicles(
  table: VehicleTable,
  query: QueryAnswers,
  verdicts: ArtifactVerdicts,
): Selected {
  const matching = new Matching(table, query);
  const { matched } = matching;
  const { reasons } = verdicts.of(matched);
  const { slices, sliceOfConfiguration } = slice(table, verdicts, matched, reasons);
  const sums = new Float64Array(COMPATIBILITY_CODES.length);
  let all = 0;
  let compatible = 0;
  for (let number = 1; number < matched.length; number++) {
    const vehicles = matched[number] ?? 0;
    const judged = reasons[number] ?? 0;
    all += vehicles;
    if (vehicles === 0) continue;
    if (canTake(judged)) compatible += vehicles;
    else addReasons(judged, vehicles, sums);
  }
  const rows = new Uint32Array(compatible * 3);
  let end = 0;
  matching.each((vehicle, configuration) => {
    if (!canTake(reasons[configuration] ?? 0)) return;
    rows[end++] = vehicle;
    rows[end++] = table.revision.get(vehicle);
    rows[end++] = sliceOfConfiguration[configuration] ?? 0;
  });
  const next = rowReader(table, rows);
  return { matched: all, incompatible: all - compatible, reasons: reasonCounts(sums), slices, next };
}

function slice(table: VehicleTable, verdicts: ArtifactVerdicts, matched: Float64Array, reasons: Uint16Array) {
  const slices = new Interner<TargetSlice>();
  const sliceOfConfiguration = new Uint32Array(matched.length);
  const target = verdicts.artifacts[0]?.target ?? null;
  for (let number = 1; number < matched.length; number++) {
    if (matched[number] === 0 || !canTake(reasons[number] ?? 0)) continue;
    const made = sliceOf(table.configurations.get(number), target);
    sliceOfConfiguration[number] = slices.intern(JSON.stringify(Object.values(made)), () => made);
  }
  return {
    slices: Array.from({ length: slices.size }, (_, index) => slices.get(index)),
    sliceOfConfiguration,
  };
}

function rowReader(table: VehicleTable, rows: Uint32Array): Selected['next'] {
  let at = 0;
  return () => {
    if (at >= rows.length) return null;
    const end = Math.min(rows.length, at + ROWS_PER_BATCH * 3);
    const batch: TargetRow[] = [];
    for (; at < end; at += 3)
      batch.push({
        vehicleId: table.dictionary.idOf(rows[at] ?? 0),
        revision: rows[at + 1] ?? 0,
        slice: rows[at + 2] ?? 0,
      });
    return batch;
  };
}

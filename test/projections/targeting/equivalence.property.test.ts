/** The index is fast; the naive evaluation of one vehicle after another says what is right. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TargetRow } from '../../../src/app/ports.ts';
import { compatibilityAll } from '../../../src/domain/artifact/compatibility-all.ts';
import { matchesQuery } from '../../../src/domain/targeting/evaluate.ts';
import { printQuery } from '../../../src/domain/targeting/print.ts';
import { sliceOf } from '../../../src/domain/targeting/slice.ts';
import { TargetingIndex } from '../../../src/projections/targeting/targeting-index.ts';
import { fleet, lists, query, type Vehicle } from '../../domain/targeting/arbitraries.ts';
import { artifact, type Car, MemoryLog } from './log.ts';

const artifacts = [
  artifact('tcm@1.2.0', { regions: ['DE'], hardware: [{ part: 'P-1', versions: { range: '>=1.0.0' } }] }),
  artifact('tcm@2.0.0', { previousSoftware: { range: '>=1.2.0' } }),
  artifact('maps@1.0.0', { models: ['X', 'Y'] }, { ecuType: 'ADAS', component: 'maps' }),
];

/** Positions make ECUs of one type differ. */
const toCar = (vehicle: Vehicle): Car => ({
  ...vehicle,
  tags: [...vehicle.tags],
  ecus: vehicle.ecus.map((one, i) => ({ ...one, position: `p${i}`, serial: `${vehicle.vehicleId}-${i}` })),
});

const readAll = (index: TargetingIndex, id: number): TargetRow[] => {
  const rows: TargetRow[] = [];
  for (let batch = index.nextRows(id); batch !== null; batch = index.nextRows(id)) rows.push(...batch);
  index.closeSelection(id);
  return rows.sort((a, b) => (a.vehicleId < b.vehicleId ? -1 : 1));
};

it('counts and selects what the query and the artifacts mean, whatever the vehicles went through', () => {
  fc.assert(
    fc.property(
      fleet,
      fleet,
      lists,
      query,
      fc.subarray(artifacts),
      fc.array(fc.nat(11), { maxLength: 3 }),
      (before, after, members, made, chosen, scrapped) => {
        const log = new MemoryLog();
        for (const one of artifacts) log.artifact(one);
        for (const [id, vehicles] of Object.entries(members)) log.list(id, vehicles);
        const cars = new Map<string, Car>();
        for (const vehicle of before) {
          log.register(toCar(vehicle));
          cars.set(vehicle.vehicleId, toCar(vehicle));
        }
        // Some are described and equipped anew.
        for (const vehicle of after) {
          const { vehicleId, ecus, ...description } = toCar(vehicle);
          if (!cars.has(vehicleId)) continue;
          log.vehicle({ type: 'VehicleDescribed', data: { vehicleId, description } });
          log.report(vehicleId, ecus);
          cars.set(vehicleId, { vehicleId, ecus, ...description });
        }
        for (const number of scrapped) {
          const vehicleId = `V${number}`;
          if (!cars.delete(vehicleId)) continue;
          const at = '2026-01-01T00:00:00.000Z';
          log.vehicle({ type: 'VehicleDecommissioned', data: { vehicleId, reason: 'sold', at } });
        }
        const index = new TargetingIndex();
        const half = Math.floor(log.events.length / 2);
        index.apply({ events: log.events.slice(0, half), position: log.events[half - 1]?.position ?? '' });
        // Between the batches somebody asks: what is kept of the answer must not be wrong later.
        const text = printQuery(made);
        const ids = chosen.map(({ artifactId }) => artifactId);
        index.count(text, ids);
        index.apply(log.batch());

        const matched = [...cars.values()].filter((one) =>
          matchesQuery(made, {
            ...one,
            vin: one.vehicleId,
            isInList: (id) => members[id]?.includes(one.vehicleId) ?? false,
          }),
        );
        const judged = matched.map((one) => ({
          one,
          reasons:
            chosen.length === 0
              ? []
              : compatibilityAll({ ...one, decommissioned: false }, chosen).reasons.map(({ code }) => code),
        }));
        const fitting = judged.filter(({ reasons }) => reasons.length === 0).map(({ one }) => one);

        const count = index.count(text, ids);
        if (!count.ok) throw new Error(JSON.stringify(count.problem));
        expect([count.matched, count.compatible]).toEqual([matched.length, fitting.length]);
        for (const { code, vehicles } of count.reasons)
          expect(vehicles).toBe(judged.filter(({ reasons }) => reasons.some((one) => one === code)).length);
        const models = new Map<string, number>();
        for (const { model } of fitting) models.set(model, (models.get(model) ?? 0) + 1);
        expect(new Map(count.facets['model']?.map(({ value, vehicles }) => [value, vehicles]))).toEqual(
          models,
        );

        const opened = index.openSelection(text, ids);
        if (!opened.ok) throw new Error(JSON.stringify(opened.problem));
        expect([opened.matched, opened.incompatible]).toEqual([
          matched.length,
          matched.length - fitting.length,
        ]);
        const rows = readAll(index, opened.id);
        const target = chosen[0]?.target ?? null;
        const expected = fitting.sort((a, b) => (a.vehicleId < b.vehicleId ? -1 : 1));
        expect(rows.map(({ vehicleId, slice }) => [vehicleId, opened.slices[slice]])).toEqual(
          expected.map((one) => [one.vehicleId, sliceOf(one, target)]),
        );
        for (const { vehicleId, revision } of rows)
          expect(revision).toBe(
            log.events.filter(({ stream }) => stream.endsWith(`-${vehicleId}`)).at(-1)?.revision,
          );
      },
    ),
    { numRuns: 100 },
  );
});

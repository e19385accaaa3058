/** The installed base over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { vehicles } from '../../src/projections/vehicles.ts';
import { START_MS, type Step, written } from '../projections/installed-base-script.ts';
import { type Harness, startHarness } from './support/harness.ts';

const MINUTE_MS = 60_000;
const at = (minute: number): string => new Date(START_MS + minute * MINUTE_MS).toISOString();
const one = (kind: Step['kind'], vehicle: number, ...values: [number, number, number]): Step => ({
  kind,
  vehicle,
  values,
  wait_ms: MINUTE_MS,
  clock_ms: 0,
});
/** TCM/main of vehicle 0 goes from 1.0.0 to 1.2.0, that of vehicle 1 stays; DCU/main of vehicle 0 is mixed first. */
const STEPS = [
  one('describe', 0, 0, 1, 0),
  one('describe', 1, 1, 2, 0),
  one('inventory', 0, 0, 1, 0),
  one('inventory', 1, 0, 0, 0),
  one('inventory', 0, 2, 1, 1),
];

let harness: Harness;
beforeEach(async () => {
  const { store } = await written(STEPS);
  const reader = createMemoryReadModel();
  await rebuildProjection({ log: store, writer: reader }, vehicles);
  harness = await startHarness({}, (base) => ({
    reader,
    clock: { ...base.clock, now: () => START_MS + 6 * MINUTE_MS },
  }));
});
afterEach(() => harness.close());

async function get(path: string, status = 200) {
  const answer = await harness.call({ method: 'GET', url: `/v1/software/${path}` });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer;
}
const json = async (path: string, status = 200) => (await get(path, status)).json();

describe('the installed base of a target', () => {
  it('is told from the first vehicle until now, by version', async () => {
    expect(await json('TCM/main/installed-base?buckets=4')).toEqual({
      ecuType: 'TCM',
      component: 'main',
      model: null,
      region: null,
      step_s: 60,
      instants: [at(3), at(4), at(5), at(6)],
      versions: [
        { kind: 'version', version: '1.0.0', vehicles: [1, 2, 1, 1] },
        { kind: 'version', version: '1.2.0', vehicles: [0, 0, 1, 1] },
      ],
      vehicles: [1, 2, 2, 2],
      models: ['A7', 'B1'],
      regions: ['DE-BY', 'FR'],
    });
  });

  it('says what is of no single version', async () => {
    const { versions } = await json(`DCU/main/installed-base?from=${at(3)}&to=${at(5)}&buckets=2`);
    expect(versions).toEqual([
      { kind: 'version', version: '1.0.0', vehicles: [0, 1, 1] },
      { kind: 'version', version: '1.1.0', vehicles: [0, 0, 1] },
      { kind: 'mixed', version: null, vehicles: [1, 1, 0] },
    ]);
  });

  it('can be of one model, or of a region with its parts', async () => {
    const last = async (query: string) => (await json(`TCM/main/installed-base?${query}`)).vehicles.at(-1);
    expect(await last('model=A7')).toBe(1);
    expect(await last('model=none')).toBe(0);
    expect(await last('region=DE')).toBe(1);
    expect(await last('region=DE-BY')).toBe(1);
    expect(await last('region=FR')).toBe(1);
  });

  it('comes as CSV too, a row for each instant and version', async () => {
    const answer = await get(`DCU/main/installed-base?from=${at(4)}&to=${at(5)}&buckets=1&format=csv`);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="installed-base-DCU-main.csv"',
    });
    expect(answer.body.split('\r\n').slice(0, 4)).toEqual([
      'at,ecu_type,component,kind,version,vehicles',
      `${at(4)},DCU,main,version,1.0.0,1`,
      `${at(4)},DCU,main,version,1.1.0,0`,
      `${at(4)},DCU,main,mixed,,1`,
    ]);
  });

  it('is nothing before the first vehicle, and empty after the end', async () => {
    const before = await json(`TCM/main/installed-base?from=${at(-9)}&to=${at(-5)}&buckets=4`);
    expect(before).toMatchObject({ versions: [], vehicles: [0, 0, 0, 0, 0] });
    expect((await json(`TCM/main/installed-base?from=${at(60)}`)).instants).toEqual([]);
  });

  it('takes any window of any length, also one with both sides of a round instant', async () => {
    for (const from of ['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', at(-0.01), at(4.999)])
      for (const buckets of [1, 2, 500]) {
        const { instants } = await json(`TCM/main/installed-base?from=${from}&buckets=${buckets}`);
        expect(Date.parse(instants[0])).toBeLessThanOrEqual(Date.parse(from));
        expect(instants.at(-1)).toBe(at(6));
        expect(instants.length).toBeLessThanOrEqual(buckets + 2);
      }
  });

  it('refuses what makes no sense, and says where', async () => {
    const path = 'TCM/main/installed-base';
    const wrong = [
      ['buckets=0', '/query/buckets'],
      ['buckets=501', '/query/buckets'],
      ['from=yesterday', '/query/from'],
      [`from=${at(2)}&to=${at(1)}`, '/query/to'],
      ['model=A7&region=DE', '/query/region'],
      ['region=germany', '/query/region'],
      ['format=xlsx', '/query/format'],
    ] as const;
    for (const [query, field] of wrong) {
      const problem = await json(`${path}?${query}`, 400);
      expect(problem).toMatchObject({ type: 'urn:fleetwave:problem:invalid-request' });
      expect(problem.errors.map((error: { path: string }) => error.path)).toContain(field);
    }
    expect(await json('XYZ/main/installed-base', 404)).toMatchObject({
      type: 'urn:fleetwave:problem:not-found',
    });
    await get('T%2FC/main/installed-base', 400);
  });
});

/** What-if over HTTP, on the log of a campaign in which one slice fails. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { endsOf } from '../../src/app/what-if/change.ts';
import { assignments } from '../../src/projections/assignments.ts';
import { campaigns } from '../../src/projections/campaigns.ts';
import { progress } from '../../src/projections/progress.ts';
import { type Course, gateOf, ID, policyOf, run, STARTED } from '../app/what-if/made.ts';
import { written } from '../app/what-if/written.ts';
import { type Harness, startHarness } from './support/harness.ts';

const VEHICLES = 120;
/** Every third vehicle is an A in France, and all of those fail. */
const COURSES = Array.from({ length: VEHICLES }, (_, row): Course => {
  const bad = row % 3 === 1;
  return {
    slice: row % 3,
    accept_ms: 1000,
    outcome_ms: 60_000 + row * 10,
    outcome: bad ? 'failed' : 'succeeded',
  };
});
const FAILED = 40;
const POLICY = policyOf({
  maxInFlight: 20,
  waves: [
    { name: 'pilot', size: { percent: 25 }, gate: gateOf({ successPercent: 50, failurePercent: 50 }) },
    { name: 'rest', size: { rest: true }, gate: gateOf({ successPercent: 50, failurePercent: 50 }) },
  ],
});

let harness: Harness;
let head: () => Promise<string>;
/** Long after its end. */
const now = STARTED + 86_400_000;
beforeAll(async () => {
  const { store } = await written(run(COURSES, POLICY), POLICY, endsOf(VEHICLES, POLICY));
  const reader = createMemoryReadModel();
  for (const projection of [campaigns, progress, assignments])
    await rebuildProjection({ log: store, writer: reader }, projection);
  harness = await startHarness({ checkAnswers: true }, () => ({
    reader,
    log: store,
    clock: { ...systemClock, now: () => now },
    head: () => store.head(),
    waitForPosition: async () => true,
  }));
  head = () => store.head();
});
afterAll(() => harness.close());

async function ask(payload: object, status = 200, id = ID) {
  const answer = await harness.call({ method: 'POST', url: `/v1/campaigns/${id}/what-if`, payload });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer.json();
}

describe('the plan as it was', () => {
  it('gives the record: totals, waves, their gates and the end', async () => {
    const { recorded, calculated, difference, basis, over } = await ask({});
    expect(over).toBe(true);
    expect(calculated).toEqual(recorded);
    expect(recorded.totals).toMatchObject({ succeeded: VEHICLES - FAILED, failed: FAILED });
    expect(recorded.waves.map((wave: { targets: number }) => wave.targets)).toEqual([30, 90]);
    expect(difference).toEqual({ spared: 0, added: 0, withheld: 0, gained: 0 });
    expect(basis).toMatchObject({
      onRecord: VEHICLES,
      failed: { onRecord: FAILED, low: FAILED, high: FAILED },
    });
  });

  it('runs along the record from beginning to end', async () => {
    const { series } = await ask({ points: 40 });
    expect(series.points).toHaveLength(40);
    for (const { recorded, calculated } of series.points) expect(calculated).toEqual(recorded);
  });
});

describe('another plan', () => {
  it('with a stricter gate pauses sooner, and fewer fail', async () => {
    const strict = POLICY.waves.map((wave) => ({ ...wave, gate: { ...wave.gate, failurePercent: 10 } }));
    const { calculated, recorded, difference } = await ask({ waves: strict });
    expect(calculated.state).toBe('paused');
    expect(calculated.stops).toMatchObject([{ by: 'gate', resumedAt: null }]);
    expect(calculated.stops[0].reason).toContain('4 of 30 targets failed');
    expect(calculated.waves[0].gate.outcome).toBe('failed');
    expect(calculated.totals.failed).toBeLessThan(recorded.totals.failed);
    expect(difference.spared).toBe(recorded.totals.failed - calculated.totals.failed);
    expect(difference.added).toBe(0);
  });

  it('with a limit for slices is stopped by the bad one, later with a slow reaction', async () => {
    const now = await ask({ sliceFailurePercent: 20 });
    const later = await ask({ sliceFailurePercent: 20, reaction_s: 90 });
    expect(now.calculated.stops[0]).toMatchObject({ by: 'slice' });
    expect(now.calculated.stops[0].reason).toContain('A in FR');
    expect(Date.parse(later.calculated.stops[0].at) - Date.parse(now.calculated.stops[0].at)).toBe(90_000);
    expect(later.calculated.totals.failed).toBeGreaterThan(now.calculated.totals.failed);
  });

  it('with other rates ends sooner or later', async () => {
    const { recorded, calculated } = await ask({ maxInFlight: null });
    expect(Date.parse(calculated.endedAt)).toBeLessThan(Date.parse(recorded.endedAt));
    expect(calculated.totals).toEqual(recorded.totals);
    const slow = await ask({ offersPerMinute: 6 });
    expect(Date.parse(slow.calculated.endedAt) - Date.parse(slow.startedAt)).toBeGreaterThan(
      (VEHICLES / 6 - 1) * 60_000,
    );
  });

  it('with other waves cuts and judges those', async () => {
    const gate = gateOf({ successPercent: 0, failurePercent: 100, soak_s: 3600 });
    const waves = [
      { name: 'one', size: { vehicles: 3 }, gate },
      { name: 'ten', size: { vehicles: 10 }, gate },
      { name: 'rest', size: { rest: true }, gate },
    ];
    const { calculated } = await ask({ waves });
    expect(calculated.waves.map((wave: { targets: number }) => wave.targets)).toEqual([3, 10, 107]);
    const [first, second] = calculated.waves.map((wave: { releasedAt: string }) =>
      Date.parse(wave.releasedAt),
    );
    expect(second - first).toBeGreaterThanOrEqual(3_600_000);
  });

  it('says what it assumes', async () => {
    const { assumptions } = await ask({ people: 'nobody' });
    const codes = assumptions.map(({ code }: { code: string }) => code);
    expect(codes).toContain('own-course');
    expect(codes).toContain('nobody');
    expect(codes).not.toContain('estimated');
  });
});

describe('a wave that nobody was asked about', () => {
  it('is confirmed after the reaction, and that is said', async () => {
    const [pilot, rest] = POLICY.waves;
    const asking = [{ ...pilot, gate: { ...pilot?.gate, confirm: true } }, rest];
    const { assumptions } = await ask({ waves: asking, reaction_s: 90 });
    const textOf = (answer: { code: string; text: string }[]) =>
      answer.find(({ code }) => code === 'people')?.text;
    expect(textOf(assumptions)).toContain('confirmed after 90 s; those that are held stay held');
    expect(textOf((await ask({})).assumptions)).not.toContain('confirmed after');
  });
});

describe('what is refused', () => {
  it('names the field', async () => {
    const gate = gateOf();
    const size = { rest: true };
    const waves = [
      { name: 'a', size, gate },
      { name: 'b', size, gate },
    ];
    expect((await ask({ waves }, 400)).errors).toEqual([
      { path: '/waves/0/size', message: 'only the last wave can take the rest' },
    ]);
    expect((await ask({ offersPerMinute: 0 }, 400)).errors[0].path).toBe('/offersPerMinute');
    expect((await ask({ nonsense: 1 }, 400)).type).toBe('urn:fleetwave:problem:invalid-request');
  });

  it('says where there is nothing to calculate over', async () => {
    expect((await ask({}, 404, 'none')).type).toBe('urn:fleetwave:problem:not-found');
  });

  it('says when the read models are not there yet', async () => {
    const { reader, log, clock } = harness.services;
    const behind = await startHarness({}, () => ({ reader, log, clock, waitForPosition: async () => false }));
    const answer = await behind.call({ method: 'POST', url: `/v1/campaigns/${ID}/what-if`, payload: {} });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
    await behind.close();
  });

  it('writes nothing', async () => {
    const before = await head();
    await ask({ sliceFailurePercent: 1 });
    expect(await head()).toBe(before);
  });
});

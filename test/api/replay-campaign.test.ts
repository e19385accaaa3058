/** History over HTTP: any instant, progress over time, and what changed in between. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { createCampaignService } from '../../src/app/campaigns/campaign-service.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { campaigns } from '../../src/projections/campaigns.ts';
import { progress } from '../../src/projections/progress.ts';
import { id, START_MS, type Step, written } from '../projections/campaign-script.ts';
import { type Harness, runtimeOn, startHarness } from './support/harness.ts';

const at = (second: number): string => new Date(START_MS + second * 1000).toISOString();
const one = (kind: Step['kind'], vehicle = 0, to = 6): Step => ({
  kind,
  vehicle,
  to,
  wait_ms: 1000,
  clock_ms: 0,
});
/** To phase 6 = succeeded, 7 = failed. */
const STEPS = [one('freeze'), one('move', 0, 6), one('move', 1, 7), one('gate', 0, 1), one('move', 2, 6)];

let harness: Harness;
beforeEach(async () => {
  const { store } = await written(STEPS);
  const reader = createMemoryReadModel();
  for (const projection of [campaigns, progress])
    await rebuildProjection({ log: store, writer: reader }, projection);
  const campaignService = createCampaignService(runtimeOn(store), { clock: systemClock });
  harness = await startHarness({}, () => ({
    reader,
    log: store,
    campaigns: campaignService,
    head: () => store.head(),
  }));
});
afterEach(() => harness.close());

async function get(path: string, status = 200) {
  const answer = await harness.call({ method: 'GET', url: `/v1/campaigns/${path}` });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer.json();
}

describe('the state of a campaign', () => {
  it('is what campaign and progress say, when no instant is named', async () => {
    const state = await get(`${id}/state`);
    expect(state.campaign).toEqual(await get(id));
    expect(state.progress).toEqual(await get(`${id}/progress`));
    expect(state).toMatchObject({ at: at(5), progress: { targets: 9, succeeded: 2, failed: 1 } });
  });

  it('is what they would have said at a past instant, or after the event at a position', async () => {
    const then = await get(`${id}/state?asOf=${at(3)}`);
    expect(then).toMatchObject({
      at: at(3),
      campaign: { waves: [{ gate: null }, { gate: null }] },
      progress: { succeeded: 1, failed: 1, pending: 7, failureCodes: { c1: 1 } },
    });
    expect(await get(`${id}/state?position=${then.position}`)).toEqual(then);
    expect(await get(`${id}/state?asOf=2027-01-01T01:00:03%2B01:00`)).toEqual(then);
  });

  it('is nothing before the campaign was created, and not found where there never was one', async () => {
    expect(await get(`${id}/state?asOf=${at(-1)}`)).toMatchObject({
      events: 0,
      campaign: null,
      progress: null,
    });
    expect(await get('none/state', 404)).toMatchObject({ type: 'urn:fleetwave:problem:not-found' });
  });

  it('can not be asked for in two ways at once, nor for what is no time', async () => {
    expect((await get(`${id}/state?asOf=${at(1)}&position=01`, 400)).errors).toEqual([
      { path: '/query/position', message: 'can not be given together with asOf' },
    ]);
    expect((await get(`${id}/state?asOf=yesterday`, 400)).errors[0].path).toBe('/query/asOf');
  });
});

describe('the series of a campaign', () => {
  it('goes from the first to the last event in equal steps', async () => {
    const { from, to, step_ms, points } = await get(`${id}/series?buckets=5`);
    expect({ from, to, step_ms }).toEqual({ from: at(0), to: at(5), step_ms: 1000 });
    expect(points.map((point: { succeeded: number }) => point.succeeded)).toEqual([0, 0, 1, 1, 1, 2]);
    expect(points.map((point: { pending: number }) => point.pending)).toEqual([0, 9, 8, 7, 7, 6]);
  });

  it('takes a step, and a part of the time', async () => {
    const { points } = await get(`${id}/series?step=2&from=${at(1)}&to=${at(4)}`);
    expect(points.map((point: { at: string }) => point.at)).toEqual([at(1), at(3), at(5)]);
  });

  it('refuses more points than fit, and a time that ends before it begins', async () => {
    const many = await get(`${id}/series?step=0.001`, 400);
    expect(many.errors[0]).toEqual({ path: '/query/step', message: 'makes more than 500 steps' });
    expect((await get(`${id}/series?from=${at(2)}&to=${at(1)}`, 400)).errors[0].path).toBe('/query/to');
    await get('none/series', 404);
  });
});

describe('the difference between two instants', () => {
  it('has the counts, the waves and the decisions of that time', async () => {
    expect(await get(`${id}/diff?from=${at(2)}&to=${at(5)}`)).toMatchObject({
      from: { at: at(2), state: 'targets-frozen' },
      to: { at: at(5) },
      events: 3,
      counts: {
        targets: 0,
        succeeded: 1,
        failed: 1,
        pending: -2,
        byPhase: { waiting: -2, succeeded: 1, failed: 1 },
      },
      failureCodes: { c1: 1 },
      byModelRegion: { 'M0/FR': expect.anything() },
      decisions: [{ type: 'GateDecided', at: at(4), by: 'ada', reason: 'because of 1' }],
    });
  });

  it('from before the beginning is all of it', async () => {
    expect(await get(`${id}/diff?from=${at(-9)}&to=${at(5)}`)).toMatchObject({
      from: { state: null, events: 0 },
      counts: { targets: 9 },
      decisions: [{ type: 'CampaignCreated' }, { type: 'TargetingDefined' }, { type: 'TargetsFrozen' }, {}],
    });
  });
});

describe('the events of a campaign', () => {
  const events = async (query: string): Promise<{ position: string; type: string }[]> => {
    const { body } = await harness.call({ method: 'GET', url: `/v1/campaigns/${id}/events?${query}` });
    return body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };

  it('come page by page, and end where a state does', async () => {
    const all = await events('');
    const paged = await events('limit=4');
    for (let last = paged.at(-1); last !== undefined; ) {
      const next = await events(`limit=4&after=${last.position}`);
      paged.push(...next);
      last = next.at(-1);
    }
    expect(paged).toEqual(all);
    const { position, events: count } = await get(`${id}/state?asOf=${at(3)}`);
    expect(await events(`until=${position}`)).toHaveLength(count);
  });

  it('are not looked for behind what is no position of the log', async () => {
    expect((await get(`${id}/events?after=nowhere`, 400)).errors[0].path).toBe('/query/after');
    expect((await get(`${id}/events?until=${'z'.repeat(16)}`, 400)).errors[0].path).toBe('/query');
    expect((await get(`${id}/state?position=12`, 400)).errors[0].path).toBe('/query/position');
  });
});

/** Pause and abort over HTTP while vehicles are under way: the answer means stopped (DESIGN §4.5). */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CAMPAIGN, readProgress } from '../../src/demo/run-campaign.ts';
import type { Offer } from '../../src/protocol/messages.ts';
import { type ExportedEvent, eventsOf, ONE_WAVE, type Prepared, prepare, start } from './support/campaign.ts';
import { aboutOf, type RawVehicle } from './support/raw-vehicle.ts';
import { Stage } from './support/stage.ts';
import { until, untilTrue } from './support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });
const TICK_MS = 50;
/** Rounds of every shard in which a stopped campaign is watched. */
const ROUNDS = 20;
const SEED = 23;
const PATH = `/v1/campaigns/${CAMPAIGN}`;

const stage = new Stage({ environment: { FLEETWAVE_TICK_MS: String(TICK_MS) } });
let world: Prepared;
let vehicles: RawVehicle[];

beforeAll(async () => {
  await stage.start();
  world = await prepare(stage, 60, SEED);
  vehicles = await Promise.all(world.accounts.map((account) => world.connect(account)));
  await start(world, ONE_WAVE);
}, 120_000);

afterAll(() => stage.close());

const take = (count: number): RawVehicle[] => {
  const taken = vehicles.splice(0, count);
  expect(taken.length).toBe(count);
  return taken;
};
const all = (group: readonly RawVehicle[], step: (vehicle: RawVehicle) => Promise<unknown>) =>
  Promise.all(group.map(step));

/** Accepts what is open, waits for the grant, and says the rest; resolves when all of it is receipted. */
async function go(vehicle: RawVehicle, ...kinds: readonly string[]): Promise<void> {
  const about = aboutOf(await vehicle.offered());
  const said = [await vehicle.say('accepted', about)];
  await vehicle.granted(about);
  for (const kind of kinds) said.push(await vehicle.say(kind, about));
  for (const seq of said) await vehicle.receipted(seq);
}
const finish = async (vehicle: RawVehicle, offer: Offer | undefined): Promise<void> => {
  if (offer === undefined) throw new Error('its offer was taken away');
  await vehicle.receipted(await vehicle.say('succeeded', aboutOf(offer)));
};

const post = async (
  verb: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const answer = await world.persons.oda.request('POST', `${PATH}/${verb}`, { body });
  return { status: answer.status, body: answer.body as Record<string, unknown> };
};
const progress = async () => {
  const last = (await eventsOf(world.persons.oda)).at(-1);
  return readProgress(world.persons.oda, last?.position);
};

interface Heard {
  readonly updates: number;
  readonly grants: number;
}
const heard = (group: readonly RawVehicle[]): Map<RawVehicle, Heard> =>
  new Map(group.map((v) => [v, { updates: v.updates.length, grants: v.grants.length }]));

/** What was open is taken back right after the halt. */
const cleared = (group: readonly RawVehicle[]): Promise<void> =>
  untilTrue('open offers to be cleared', () => group.every(({ offers }) => offers.length === 0));

/** Whatever was sent before is here; then what comes in as many rounds. */
async function watch(group: readonly RawVehicle[]): Promise<void> {
  await all(group, (vehicle) => vehicle.roundTrip());
  await new Promise((resolve) => setTimeout(resolve, ROUNDS * TICK_MS));
  await all(group, (vehicle) => vehicle.roundTrip());
}

/** By the log, which knows no race: while a rollout is halted, nothing is offered, and no acceptance counts. */
function nothingNewWhileHalted(events: readonly ExportedEvent[]): void {
  const halted = new Set<string>();
  let seen = 0;
  for (const { type, stream } of events) {
    if (type === 'RolloutHalted') halted.add(stream);
    else if (type === 'RolloutResumed') halted.delete(stream);
    else if (halted.has(stream)) {
      seen++;
      expect(['UpdateOffered', 'UpdateAccepted']).not.toContain(type);
    }
  }
  expect(seen).toBeGreaterThan(0);
}

describe('pause and abort', () => {
  let waiting: RawVehicle[];
  let racing: RawVehicle[];
  let downloading: RawVehicle[];

  it('pauses: after the answer no offer and no grant, open offers cleared, installations counted', async () => {
    const installing = take(5);
    downloading = take(5);
    racing = take(10);
    waiting = vehicles.splice(0);
    await all(installing, (v) => go(v, 'download-started', 'download-completed', 'install-started'));
    await all(downloading, (v) => go(v, 'download-started'));
    await all([...racing, ...waiting], (v) => v.offered());
    const offers = new Map(installing.map((v) => [v, v.offers[0]]));

    const [answer] = await Promise.all([
      post('pause', { reason: 'Complaints from the field.' }),
      ...racing.map(async (v) => v.say('accepted', aboutOf(await v.offered()))),
    ]);
    expect(answer).toMatchObject({ status: 200, body: { halted: true, missingShards: [] } });

    const everyone = [...installing, ...downloading, ...racing, ...waiting];
    await all(everyone, (v) => v.roundTrip());
    const before = heard(everyone);
    await cleared(waiting);
    // What they answer now is too late.
    await all(waiting, async (v) => {
      const old = v.updates.flat()[0];
      if (old === undefined) throw new Error('it was never offered anything');
      await v.receipted(await v.say('accepted', aboutOf(old)));
    });
    await all(installing, (v) => finish(v, offers.get(v)));
    await watch(everyone);
    for (const v of everyone) {
      const { updates = 0, grants = 0 } = before.get(v) ?? {};
      expect(v.grants.length).toBe(grants);
      const known = v.updates.slice(0, updates).flat();
      for (const { offer } of v.updates.slice(updates).flat())
        expect(known.map((one) => one.offer)).toContain(offer);
    }
    expect(await progress()).toMatchObject({ state: 'paused', succeeded: installing.length });
    nothingNewWhileHalted(await eventsOf(world.persons.oda));
  });

  it('shows a vehicle that connects in the pause nothing new; what runs keeps its grant', async () => {
    const [v] = waiting;
    const [d] = downloading;
    if (v === undefined || d === undefined) throw new Error('nobody is left');
    const again = await reconnect(waiting, v);
    await until('being told', () => again.updates[0] ?? null);
    expect([again.offers, again.grants]).toEqual([[], []]);
    const still = await reconnect(downloading, d);
    await still.granted(await still.offered());
  });

  it('resumes: new offers for those who wait, grants for those who had accepted', async () => {
    const held = racing.filter((v) => v.grants.length === 0 && v.offers.length > 0);
    expect(await post('resume', { reason: 'It was one workshop.' })).toMatchObject({ status: 200 });
    await all(held, async (v) => v.granted(await v.offered()));
    const next = await all(waiting, (v) => v.offered(2));
    expect(next.every((offer) => (offer as Offer).attempt === 1)).toBe(true);
    expect(await progress()).toMatchObject({ state: 'running' });
  });

  it('stops the fleet in an emergency: the answer means stopped; lifted, new offers are made', async () => {
    const stop = await world.persons.oda.request('POST', '/v1/fleet/emergency-stop', {
      body: { reason: 'Vehicles do not start.' },
    });
    expect(stop).toMatchObject({ status: 200, body: { active: true, halted: true, missing: [] } });
    await all(waiting, (v) => v.roundTrip());
    const before = heard(waiting);
    await cleared(waiting);
    await watch(waiting);
    for (const v of waiting) expect([v.offers, v.grants.length]).toEqual([[], before.get(v)?.grants]);
    nothingNewWhileHalted(await eventsOf(world.persons.oda));
    const lift = { body: { reason: 'It was the cold.' } };
    expect(await world.persons.bob.request('POST', '/v1/fleet/emergency-lift', lift)).toMatchObject({
      status: 200,
    });
    await all(waiting, (v) => v.offered(3));
    expect(await progress()).toMatchObject({ state: 'running' });
  });

  it('aborts: open offers cleared, what has begun finishes and is counted, and then it is aborted', async () => {
    const installing = waiting.splice(0, 4);
    const granted = waiting.splice(0, 4);
    const late = waiting.splice(0, 6);
    await all(installing, (v) => go(v, 'download-started', 'download-completed', 'install-started'));
    await all(granted, (v) => go(v));
    const offers = new Map([...installing, ...downloading].map((v) => [v, v.offers[0]]));
    const begun = granted.map((v) => v.offers[0]);
    const { succeeded } = await progress();

    const [answer] = await Promise.all([
      post('abort', { reason: 'Wrong calibration.' }),
      ...late.map(async (v) => v.say('accepted', aboutOf(await v.offered()))),
    ]);
    expect(answer).toMatchObject({ status: 200, body: { halted: true, missingShards: [] } });
    const everyone = [...installing, ...granted, ...late, ...waiting, ...downloading, ...racing];
    await all(everyone, (v) => v.roundTrip());
    const before = heard(everyone);
    await cleared([...granted, ...late, ...waiting]);
    await watch(everyone);
    for (const v of everyone) expect(v.grants.length).toBe(before.get(v)?.grants);
    nothingNewWhileHalted(await eventsOf(world.persons.oda));
    expect((await progress()).state).toBe('aborting');

    await all([...installing, ...downloading], (v) => finish(v, offers.get(v)));
    await all(racing, async (v) => {
      if (v.offers.length > 0) await finish(v, v.offers[0]);
    });
    const ended = await until('the end', async () => {
      const now = await progress();
      return now.state === 'aborted' ? now : null;
    });
    expect(ended.pending).toBe(0);
    expect(ended.succeeded).toBeGreaterThanOrEqual(succeeded + installing.length + downloading.length);

    // What the car says wins, also over a campaign that is closed.
    const [v] = granted;
    const [offer] = begun;
    if (v === undefined) throw new Error('nobody is left');
    await finish(v, offer);
    expect(await progress()).toMatchObject({ state: 'aborted', succeeded: ended.succeeded + 1 });
  });

  async function reconnect(group: RawVehicle[], vehicle: RawVehicle): Promise<RawVehicle> {
    await vehicle.close();
    const again = await world.connect(vehicle.account);
    again.seq = vehicle.seq;
    group[group.indexOf(vehicle)] = again;
    return again;
  }
});

describe('four eyes', () => {
  const ID = '/v1/campaigns/four-eyes';
  const problem = async (key: string, path: string, body: object = {}) => {
    const response = await fetch(`${stage.ready.http}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const keyOf = async (person: string, ...roles: readonly string[]): Promise<string> => {
    const answer = await stage.admin().request('POST', '/v1/access/keys', { body: { person, roles } });
    return (answer.body as { key: string }).key;
  };
  const create = async (path: string, key: string): Promise<void> => {
    const response = await fetch(`${stage.ready.http}${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Four eyes', policy: ONE_WAVE }),
    });
    expect(response.status).toBe(201);
    const defined = await problem(key, `${path}/define-targeting`, { query: 'brand==Aurora' });
    expect(defined).toMatchObject({ status: 200, body: { frozen: true } });
  };
  const REFUSED = { status: 403, body: { type: 'urn:fleetwave:problem:four-eyes' } };

  it('the creator can not approve, not with another key either; somebody else can', async () => {
    const key = await keyOf('cleo', 'planner', 'approver', 'operator');
    await create(ID, key);
    expect(await problem(key, `${ID}/approve`)).toMatchObject(REFUSED);
    const second = await keyOf('cleo', 'approver');
    expect(await problem(second, `${ID}/approve`)).toMatchObject(REFUSED);
    expect((await problem(key, `${ID}/start`)).status).toBe(409);
    const other = await keyOf('dora', 'approver');
    expect((await problem(other, `${ID}/approve`)).status).toBe(200);
    expect((await problem(key, `${ID}/start`)).status).toBe(200);
  });

  it('admin is no way round', async () => {
    const key = stage.adminKey();
    await create(`${ID}-admin`, key);
    expect(await problem(key, `${ID}-admin/approve`)).toMatchObject(REFUSED);
  });
});

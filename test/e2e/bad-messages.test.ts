/** What vehicles should never say: set aside with a reason and a counter, receipted where one is due, no stall. */
import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { shardOf } from '../../src/domain/shared/shard.ts';
import { MAX_MESSAGE_BYTES, topicOf } from '../../src/protocol/topics.ts';
import type { Account } from '../../src/simulator/fleet-file.ts';
import { type ExportedEvent, eventsOf, metric, type Prepared, prepare, start } from './support/campaign.ts';
import { aboutOf, RawVehicle } from './support/raw-vehicle.ts';
import { Stage } from './support/stage.ts';
import { until, untilTrue } from './support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });
const SEED = 11;
const stage = new Stage({ environment: { FLEETWAVE_TICK_MS: '50' } });
let world: Prepared;
/** Vehicles of one shard: what one says may not hold up the others. */
let neighbours: readonly Account[];
let bad: RawVehicle;

beforeAll(async () => {
  await stage.start();
  world = await prepare(stage, 420, SEED);
  const shards = Map.groupBy(world.accounts, ({ vehicleId }) => shardOf(vehicleId));
  neighbours = [...shards.values()].toSorted((a, b) => b.length - a.length)[0] ?? [];
  expect(neighbours.length).toBeGreaterThanOrEqual(8);
  await start(world);
  bad = await world.connect(fresh());
  await bad.offered();
}, 120_000);

afterAll(() => stage.close());

/** One that has not said anything yet. */
let used = 0;
function fresh(): Account {
  const account = neighbours[used++];
  if (account === undefined) throw new Error('there are not enough neighbours');
  return account;
}

interface DeadLetter {
  readonly code: string;
  readonly reason: string;
  readonly raw: string;
  readonly report: { readonly seq: number } | null;
}

const deadLetters = async (vehicleId: string): Promise<readonly DeadLetter[]> => {
  const found: DeadLetter[] = [];
  let cursor = '';
  do {
    const path = `/v1/dead-letters?vehicleId=${vehicleId}&limit=1000${cursor}`;
    const { items, next } = (await world.persons.oda.request('GET', path)).body as {
      items: DeadLetter[];
      next: string | null;
    };
    found.push(...items);
    cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`;
  } while (cursor !== '');
  return found;
};
const deadLetter = (vehicleId: string, matches: (letter: DeadLetter) => boolean): Promise<DeadLetter> =>
  until('the dead letter', async () => (await deadLetters(vehicleId)).find(matches) ?? null);
const counter = (name: string, reason: string): Promise<number> =>
  metric(stage, `worker_${name}{reason="${reason}"}`);
const reported = async (vehicleId: string): Promise<readonly ExportedEvent[]> =>
  (await eventsOf(world.persons.oda)).filter(
    ({ data }) => data['vehicleId'] === vehicleId && data['report'] !== undefined,
  );

/** A good neighbour takes the whole way, from the offer to success. */
async function drive(vehicle: RawVehicle): Promise<void> {
  const about = aboutOf(await vehicle.offered());
  await vehicle.say('accepted', about);
  await vehicle.granted(about);
  for (const kind of ['download-started', 'download-completed', 'install-started'])
    await vehicle.say(kind, about);
  await vehicle.receipted(await vehicle.say('succeeded', about));
}

describe('messages that can not be read', () => {
  it.each([
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'not-json'],
    ['text that is no JSON', Buffer.from('{"v":1,'), 'not-json'],
    ['nothing at all', Buffer.alloc(0), 'not-json'],
    ['JSON that is no message', Buffer.from('[1,2,3]'), 'invalid-message'],
    ['a message as large as allowed', Buffer.alloc(MAX_MESSAGE_BYTES, 'x'), 'not-json'],
  ])('%s: on record byte by byte, counted, without a receipt', async (_, bytes, code) => {
    const before = await counter('dead_letters', code);
    const receipts = bad.receipts.length;
    await bad.publish('feedback', bytes);
    const letter = await deadLetter(bad.vehicleId, ({ raw }) => raw === bytes.toString('base64'));
    expect(letter).toMatchObject({ code, report: null });
    expect(letter.reason).not.toBe('');
    expect(await counter('dead_letters', code)).toBe(before + 1);
    await bad.roundTrip();
    expect(bad.receipts.length).toBe(receipts);
  });

  it('a wrong field beside a readable epoch and seq: on record, and receipted so that the vehicle lets go', async () => {
    const { offer, attempt } = await bad.offered();
    const about = { campaignId: CAMPAIGN, offer, attempt };
    const seq = await bad.say('accepted', about, { invented: true });
    await bad.receipted(seq);
    const letter = await deadLetter(bad.vehicleId, ({ report }) => report?.seq === seq);
    expect(letter.code).toBe('invalid-message');
    expect(await reported(bad.vehicleId)).toEqual([]);
  });

  it('more than 64 KiB: the connection ends, nothing is kept, and the vehicle may come back', async () => {
    const account = fresh();
    const vehicle = await world.connect(account);
    const before = await metric(stage, 'broker_too_large');
    await Promise.allSettled([
      Promise.race([
        vehicle.publish('feedback', Buffer.alloc(MAX_MESSAGE_BYTES + 1, 'x')),
        vehicle.disconnected(),
      ]),
    ]);
    await vehicle.disconnected();
    expect(await metric(stage, 'broker_too_large')).toBe(before + 1);
    expect(await deadLetters(vehicle.vehicleId)).toEqual([]);
    const back = await world.connect(account);
    await back.offered();
    await back.close();
  });

  it('what is no MQTT: the connection ends', async () => {
    const before = await metric(stage, 'broker_not_mqtt');
    const { hostname, port } = new URL(stage.ready.mqtt);
    const socket = connectSocket(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await metric(stage, 'broker_not_mqtt')).toBe(before + 1);
  });

  it('a presence that can not be read: counted, and the connection stays', async () => {
    const before = await metric(stage, 'broker_malformed_presence');
    await bad.publish('presence', 'here I am');
    expect(await metric(stage, 'broker_malformed_presence')).toBe(before + 1);
    await bad.roundTrip();
  });
});

describe('messages that can not be true', () => {
  it('an unknown campaign, an offer never made, an attempt that was not: on record and receipted', async () => {
    const { offer, attempt } = await bad.offered();
    const cases = [
      { about: { campaignId: 'no-such-campaign', offer, attempt }, code: 'unknown-campaign' },
      { about: { campaignId: CAMPAIGN, offer: offer + 40, attempt }, code: 'unknown-offer' },
      { about: { campaignId: CAMPAIGN, offer, attempt: attempt + 7 }, code: 'unknown-offer' },
    ];
    for (const { about, code } of cases) {
      const before = await counter('dead_letters', code);
      const seq = await bad.say('succeeded', about);
      await bad.receipted(seq);
      expect(await deadLetter(bad.vehicleId, ({ report }) => report?.seq === seq)).toMatchObject({ code });
      expect(await counter('dead_letters', code)).toBe(before + 1);
    }
    expect(await reported(bad.vehicleId)).toEqual([]);
  });

  it('a vehicle that is no target of the campaign', async () => {
    const [misfit] = world.misfits;
    if (misfit === undefined) throw new Error('there is no such vehicle');
    const vehicle = await world.connect(misfit);
    const seq = await vehicle.say('succeeded', { campaignId: CAMPAIGN, offer: 1, attempt: 1 });
    await vehicle.receipted(seq);
    const letter = await deadLetter(vehicle.vehicleId, ({ report }) => report?.seq === seq);
    expect(letter.code).toMatch(/^unknown-/);
    expect(await reported(vehicle.vehicleId)).toEqual([]);
  });

  it("another vehicle's topics: the speaker is cut off, the listener is refused", async () => {
    const victim = fresh();
    const before = await metric(stage, 'broker_forbidden_publishes');
    const vehicle = await world.connect(fresh());
    const listening = await vehicle.client
      .subscribeAsync(topicOf(victim.vehicleId, 'grant'), { qos: 1 })
      .then(
        (granted) => granted.map(({ qos }) => Number(qos)),
        () => [128],
      );
    expect(listening).toEqual([128]);
    vehicle.client
      .publishAsync(topicOf(victim.vehicleId, 'feedback'), '{"v":1}', { qos: 1 })
      .catch(() => undefined);
    await vehicle.disconnected();
    expect(await metric(stage, 'broker_forbidden_publishes')).toBe(before + 1);
    expect(await deadLetters(victim.vehicleId)).toEqual([]);
  });

  it('a wrong password, or the name of another one: refused', async () => {
    const [mine, other] = neighbours;
    if (mine === undefined || other === undefined) throw new Error('there are no neighbours');
    for (const [account, password] of [
      [mine, 'guess'],
      [other, mine.password],
    ] as const) {
      const attempt = RawVehicle.connect(stage.ready.mqtt, account, password);
      await expect(attempt).rejects.toThrow(/not authorized|bad user/i);
    }
  });
});

describe('messages that are old', () => {
  it('an answer to an offer that was put off: set aside, receipted, and told what is open', async () => {
    const vehicle = await world.connect(fresh());
    const first = aboutOf(await vehicle.offered());
    await vehicle.receipted(await vehicle.say('postponed', first, { until: null }));
    const second = aboutOf(await vehicle.offered(first.offer + 1));
    const before = await counter('set_aside', 'stale-offer');
    const told = vehicle.updates.length;
    await vehicle.receipted(await vehicle.say('accepted', first));
    expect(await counter('set_aside', 'stale-offer')).toBe(before + 1);
    await untilTrue('being told what is open', () => vehicle.updates.length > told);
    expect(vehicle.offers.map(({ offer }) => offer)).toEqual([second.offer]);
    expect(vehicle.grants).toEqual([]);
    await vehicle.close();
  });

  it('the same message once more, after newer ones: receipted again, counted once', async () => {
    const vehicle = await world.connect(fresh());
    const about = aboutOf(await vehicle.offered());
    const accepted = await vehicle.say('accepted', about);
    await vehicle.granted(about);
    await vehicle.receipted(await vehicle.say('download-started', about));
    const started = (await reported(vehicle.vehicleId)).length;
    for (let times = 2; times <= 4; times++) {
      await vehicle.say('accepted', about, {}, accepted);
      await vehicle.receipted(accepted, vehicle.epoch, times);
    }
    expect((await reported(vehicle.vehicleId)).length).toBe(started);
    expect(await counter('set_aside', 'stale-seq')).toBeGreaterThanOrEqual(3);
    await vehicle.close();
  });

  it('gaps between seqs: exactly those that came are receipted', async () => {
    const vehicle = await world.connect(fresh());
    const about = aboutOf(await vehicle.offered());
    await vehicle.say('accepted', about, {}, 5);
    await vehicle.say('download-started', about, {}, 900_000);
    // Late: a newer one of the same assignment was recorded.
    await vehicle.say('download-completed', about, {}, 17);
    for (const seq of [5, 17, 900_000]) await vehicle.receipted(seq);
    const named = vehicle.receipts.flatMap(({ seqs }) => seqs);
    expect(named.every(([first, last]) => first === last && [5, 17, 900_000].includes(first))).toBe(true);
    const kinds = (await reported(vehicle.vehicleId)).map(({ type }) => type);
    expect(kinds).toEqual(['UpdateAccepted', 'DownloadStarted']);
    await vehicle.close();
  });
});

describe('another TCU', () => {
  it('opens its epoch by itself, gets the grant of its predecessor, and ends what the old one says', async () => {
    const vehicle = await world.connect(fresh());
    const about = aboutOf(await vehicle.offered());
    await vehicle.receipted(await vehicle.say('accepted', about));
    await vehicle.granted(about);
    const old = vehicle.epoch;

    vehicle.epoch = { tcu: 'TCU-FROM-THE-GARAGE', reset: 3 };
    vehicle.seq = 0;
    const grants = vehicle.grants.length;
    await vehicle.receipted(await vehicle.sayInventory());
    await vehicle.receipted(await vehicle.say('accepted', about));
    await untilTrue('the grant for the new TCU', () => vehicle.grants.length > grants);

    const before = await counter('set_aside', 'stale-epoch');
    const current = vehicle.epoch;
    for (const epoch of [old, { ...current, reset: 2 }]) {
      vehicle.epoch = epoch;
      await vehicle.receipted(await vehicle.say('failed', about, { code: 'old-news' }, 70), epoch);
    }
    expect(await counter('set_aside', 'stale-epoch')).toBe(before + 2);
    vehicle.epoch = current;

    await vehicle.receipted(await vehicle.say('succeeded', about));
    const types = (await reported(vehicle.vehicleId)).map(({ type }) => type);
    expect(types.at(-1)).toBe('UpdateSucceeded');
    expect(types).not.toContain('UpdateFailed');
    const { body } = await world.persons.oda.request('GET', `/v1/vehicles/${vehicle.vehicleId}`, {
      minPosition: (await eventsOf(world.persons.oda)).at(-1)?.position ?? '',
    });
    expect(body).toMatchObject({ epoch: current });
    await vehicle.close();
  });
});

describe('a vehicle that talks rubbish without end', () => {
  it('does not hold up its neighbour in the same shard', async () => {
    const good = await world.connect(fresh());
    let talking = true;
    let sent = 0;
    const rubbish = (async () => {
      while (talking) {
        await Promise.all(Array.from({ length: 20 }, () => bad.publish('feedback', `rubbish ${++sent}`)));
      }
    })();
    await drive(good);
    talking = false;
    await rubbish;
    expect(sent).toBeGreaterThan(0);
    const last = Buffer.from(`rubbish ${sent}`).toString('base64');
    const count = await counter('dead_letters', 'not-json');
    expect(count).toBeGreaterThanOrEqual(sent);
    await deadLetter(bad.vehicleId, ({ raw }) => raw === last);
    const types = (await reported(good.vehicleId)).map(({ type }) => type);
    expect(types.at(-1)).toBe('UpdateSucceeded');
    expect(await (await fetch(`${stage.ready.http}/readyz`)).json()).toMatchObject({ ready: true });
  });
});

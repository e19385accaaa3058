import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { readEvent } from '../../../src/domain/events.ts';
import { shardStream, vehicleStream } from '../../../src/domain/shared/streams.ts';
import { idsOf, iso, SHARD, started, T0, World } from './world.ts';

const first = (ids: readonly string[]): string => ids[0] ?? '';

describe('an ordinary update', () => {
  it('goes from offer to grant to success, each step recorded first and then sent', async () => {
    const { world, ids } = await started(1);
    const id = first(ids);
    expect(await world.types()).toEqual(['RolloutTaken', 'UpdateOffered']);
    expect(world.on('update', id).at(-1)).toMatchObject({
      offers: [{ campaignId: 'c1', offer: 1, attempt: 1, artifacts: [{ manifest: { version: '2.0.0' } }] }],
    });
    expect(world.on('grant')).toEqual([]);
    await world.says(id, 'accepted', { seq: 1 });
    expect(world.on('grant', id)).toMatchObject([{ grants: [{ campaignId: 'c1', offer: 1, attempt: 1 }] }]);
    await world.worker.process(SHARD, [
      world.message(id, 'download-started', { seq: 2 }),
      world.message(id, 'install-started', { seq: 3 }),
      world.inventory(id, 4, '2.0.0'),
      world.message(id, 'succeeded', { seq: 5 }),
      world.message(id, 'healthy', { seq: 6 }),
    ]);
    expect(world.receipted(id)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await world.stream(vehicleStream(id))).at(-1)).toMatchObject({ type: 'InventoryReported' });
    await world.worker.tick();
    expect((await world.rollout()).at(-1)).toMatchObject({
      type: 'RolloutDrained',
      data: { why: 'settled' },
    });
    for (const event of await world.rollout())
      expect(readEvent(event.type, event.schemaVersion, event.data).known).toBe(true);
  });

  it('offers by rank within released waves only', async () => {
    const world = new World();
    const ids = idsOf(4);
    await world.artifact();
    for (const id of ids) await world.vehicle(id);
    await world.campaign(ids, {}, 'c1', (i) => (i % 2) + 1);
    await world.worker.assign([SHARD]);
    await world.worker.tick();
    const offered = async () =>
      (await world.rollout())
        .filter((event) => event.type === 'UpdateOffered')
        .map((event) => (event.data as { vehicleId: string }).vehicleId);
    expect(await offered()).toEqual([ids[0], ids[2]]);
    await world.toCampaign({ type: 'WaveReleased', data: { campaignId: 'c1', wave: 2, cause: null } });
    await world.settle();
    await world.worker.tick();
    expect(await offered()).toEqual([ids[0], ids[2], ids[1], ids[3]]);
  });

  it('event ids are UUIDs of version 8', async () => {
    const { world } = await started(1);
    for (const event of await world.rollout())
      expect(event.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('receipted feedback is durable and counted once (DESIGN §4.1)', () => {
  it('a receipt and a grant are sent only after the append is durable', async () => {
    let durable = 0;
    const seen: number[] = [];
    const { world, ids } = await started(1, {}, { afterAppend: () => void durable++ });
    const before = durable;
    const send = world.sent.push.bind(world.sent);
    world.sent.push = (...messages) => {
      seen.push(durable - before);
      return send(...messages);
    };
    await world.says(first(ids), 'accepted', { seq: 1 });
    expect(seen.every((appends) => appends === durable - before)).toBe(true);
    expect(seen.length).toBeGreaterThanOrEqual(2);
  });

  it('an append that fails gives no receipt and no grant; redelivered, it counts once', async () => {
    let fail = false;
    const { world, ids } = await started(
      1,
      {},
      {
        beforeAppend: () => {
          if (fail) throw new Error('disk full');
        },
      },
    );
    const id = first(ids);
    await world.says(id, 'accepted', { seq: 1 });
    const sent = world.sent.length;
    fail = true;
    // One that has an event, and one that has none: its decision rests on the same append.
    const batch = [
      world.message(id, 'download-started', { seq: 2 }),
      world.message(id, 'accepted', { seq: 1 }),
    ];
    await expect(world.worker.process(SHARD, batch)).rejects.toThrow('disk full');
    expect(world.sent).toHaveLength(sent);
    fail = false;
    await world.worker.process(SHARD, batch);
    expect((await world.types()).filter((type) => type === 'DownloadStarted')).toHaveLength(1);
    expect(world.receipted(id)).toEqual([1, 1, 2]);
    expect(world.worker.metrics.reloads).toBe(1);
  });

  it('an append whose answer was lost is not counted twice', async () => {
    let lose = false;
    const { world, ids } = await started(
      1,
      {},
      {
        afterAppend: () => {
          if (!lose) return;
          lose = false;
          throw new Error('connection reset');
        },
      },
    );
    const id = first(ids);
    await world.says(id, 'accepted', { seq: 1 });
    lose = true;
    await expect(world.says(id, 'succeeded', { seq: 2 })).rejects.toThrow('connection reset');
    expect(world.receipted(id)).toEqual([1]);
    await world.says(id, 'succeeded', { seq: 2 });
    expect((await world.types()).filter((type) => type === 'UpdateSucceeded')).toHaveLength(1);
    expect(world.receipted(id)).toEqual([1, 2]);
  });

  it('gaps, repeats and reorderings are receipted for exactly what came', async () => {
    const { world, ids } = await started(1);
    const id = first(ids);
    await world.says(id, 'accepted', { seq: 1 });
    await world.worker.process(SHARD, [
      world.message(id, 'succeeded', { seq: 9 }),
      world.message(id, 'install-started', { seq: 7 }),
      world.message(id, 'succeeded', { seq: 9 }),
    ]);
    expect(world.on('receipt', id).at(-1)).toMatchObject({
      seqs: [
        [7, 7],
        [9, 9],
      ],
    });
    expect(world.worker.metrics.setAside).toMatchObject({ 'stale-seq': 1, repeated: 1 });
    expect((await world.types()).filter((type) => type === 'UpdateSucceeded')).toHaveLength(1);
  });

  it('a batch is one append on the rollout stream', async () => {
    const appends: string[][] = [];
    const { world, ids } = await started(
      3,
      {},
      { beforeAppend: (requests) => void appends.push(requests.map((request) => request.stream)) },
    );
    for (const id of ids) await world.says(id, 'accepted', { seq: 1 });
    appends.length = 0;
    await world.worker.process(
      SHARD,
      ids.map((id) => world.message(id, 'install-started', { seq: 2 })),
    );
    expect(appends).toEqual([[`rollout-c1-${SHARD}`]]);
  });
});

describe('what can not be true', () => {
  it('is dead-lettered with its raw bytes and receipted where it could be read; it stalls nobody', async () => {
    const { world, ids } = await started(2);
    const [a = '', b = ''] = ids;
    const rubbish = '{"v":1,';
    await world.worker.process(SHARD, [
      world.raw(a, rubbish),
      world.raw(a, JSON.stringify({ v: 1, epoch: { tcu: 'T1', reset: 0 }, seq: 1, kind: 'nonsense' })),
      world.message(a, 'accepted', { seq: 2, campaignId: 'nowhere' }),
      world.message(a, 'accepted', { seq: 3, offer: 9 }),
      world.message('UNKNOWN', 'accepted', { seq: 1 }),
      world.message(b, 'accepted', { seq: 1 }),
    ]);
    const dead = (await world.stream(shardStream(SHARD))).filter((event) => event.type === 'ReportSetAside');
    expect(dead.map((event) => (event.data as { code: string }).code)).toEqual([
      'not-json',
      'invalid-message',
      'unknown-campaign',
      'unknown-offer',
      'unknown-vehicle',
    ]);
    expect(dead[0]).toMatchObject({ data: { raw: Buffer.from(rubbish).toString('base64') } });
    expect(world.receipted(a)).toEqual([1, 2, 3]);
    expect(world.receipted('UNKNOWN')).toEqual([1]);
    expect(world.on('grant', b)).toHaveLength(1);
  });

  it('is put on record once, also when it is repeated after a takeover', async () => {
    const { world, ids } = await started(1);
    const poison = world.message(first(ids), 'accepted', { seq: 3, offer: 9 });
    await world.worker.process(SHARD, [poison, poison]);
    const next = world.newWorker();
    await next.assign([SHARD]);
    await next.process(SHARD, [poison]);
    const dead = (await world.stream(shardStream(SHARD))).filter((event) => event.type === 'ReportSetAside');
    expect(dead).toHaveLength(1);
    expect(world.receipted(first(ids))).toEqual([3, 3]);
  });

  it('a message over 64 KiB is a dead letter', async () => {
    const { world, ids } = await started(1);
    await world.worker.process(SHARD, [world.raw(first(ids), ' '.repeat(70_000))]);
    expect(world.worker.metrics.deadLetters).toEqual({ 'too-large': 1 });
  });
});

describe('TCU epochs (DESIGN §4.2)', () => {
  it('a swapped TCU opens its epoch by itself; the old one is stale; a repeated acceptance gets the grant again', async () => {
    const { world, ids } = await started(1);
    const id = first(ids);
    await world.says(id, 'accepted', { seq: 5 });
    await world.says(id, 'accepted', { seq: 1, tcu: 'T2' });
    expect((await world.stream(vehicleStream(id))).slice(-2)).toMatchObject([
      { type: 'TcuEpochOpened', data: { cause: 'first-contact' } },
      { type: 'TcuEpochOpened', data: { cause: 'replacement', closes: { tcu: 'T1' } } },
    ]);
    expect(world.on('grant', id)).toHaveLength(2);
    await world.says(id, 'failed', { seq: 6, tcu: 'T1' });
    expect(world.worker.metrics.setAside['stale-epoch']).toBe(1);
    await world.says(id, 'succeeded', { seq: 2, tcu: 'T2' });
    expect((await world.types()).at(-1)).toBe('UpdateSucceeded');
  });

  it('what is decided under a new epoch waits until the epoch is durable', async () => {
    const calls: string[][] = [];
    const { world, ids } = await started(
      1,
      {},
      { beforeAppend: (requests) => void calls.push(requests.map((request) => request.stream)) },
    );
    calls.length = 0;
    await world.says(first(ids), 'accepted', { seq: 1 });
    expect(calls).toEqual([[vehicleStream(first(ids))], [`rollout-c1-${SHARD}`]]);
  });

  it('a race against the API on the vehicle is decided again, not fenced', async () => {
    let race: (() => Promise<unknown>) | null = null;
    const { world, ids } = await started(
      1,
      {},
      {
        beforeAppend: async (requests) => {
          if (race === null || !requests.some((request) => request.stream.startsWith('vehicle-'))) return;
          const run = race;
          race = null;
          await run();
        },
      },
    );
    const id = first(ids);
    race = () =>
      world.append(vehicleStream(id), {
        type: 'ServiceFlagged',
        data: { vehicleId: id, code: 'x', reason: 'x' },
      });
    await world.says(id, 'accepted', { seq: 1 });
    race = () =>
      world.append(vehicleStream(id), { type: 'ServiceCleared', data: { vehicleId: id, code: 'x' } });
    await world.worker.process(SHARD, [world.inventory(id, 2, '2.0.0')]);
    expect((await world.stream(vehicleStream(id))).map((event) => event.type).slice(3)).toEqual([
      'ServiceFlagged',
      'TcuEpochOpened',
      'ServiceCleared',
      'InventoryReported',
    ]);
    expect(world.receipted(id)).toEqual([1, 2]);
    expect(world.fenced).toEqual([]);
  });
});

describe('what the car says wins (DESIGN §4.3)', () => {
  it('a late outcome of a closed campaign is counted once', async () => {
    const { world, ids } = await started(1, { attemptTimeout_s: 60, maxAttempts: 1 });
    const id = first(ids);
    await world.says(id, 'accepted', { seq: 1 });
    world.clock.ms += 61_000;
    await world.worker.tick();
    expect(await world.types()).toEqual([
      'RolloutTaken',
      'UpdateOffered',
      'UpdateAccepted',
      'UpdateTimedOut',
    ]);
    await world.worker.tick();
    await world.toCampaign({ type: 'CampaignCompleted', data: { campaignId: 'c1', cause: null } });
    const next = world.newWorker();
    await next.assign([SHARD]);
    const late = world.message(id, 'succeeded', { seq: 2 });
    await next.process(SHARD, [late]);
    await next.process(SHARD, [late]);
    expect((await world.rollout()).filter((event) => event.type === 'LateOutcomeReported')).toMatchObject([
      { data: { from: 'timed-out', to: 'succeeded' } },
    ]);
    expect(world.receipted(id)).toEqual([1, 2, 2]);
  });
});

describe('a late trigger (DESIGN §4.4)', () => {
  it('is refused: the acceptance of an old offer gets no grant, and the vehicle is told what is open', async () => {
    const { world, ids } = await started(1, { retryDelay_s: 0 });
    const id = first(ids);
    await world.says(id, 'postponed', { seq: 1 });
    await world.worker.tick();
    expect(world.open(id)).toEqual([2]);
    await world.says(id, 'accepted', { seq: 2, offer: 1 });
    expect(world.on('grant')).toEqual([]);
    expect(world.receipted(id)).toEqual([1, 2]);
    expect(world.open(id)).toEqual([2]);
    await world.says(id, 'accepted', { seq: 3, offer: 2 });
    expect(world.on('grant', id)).toMatchObject([{ grants: [{ offer: 2 }] }]);
  });
});

describe('no false timeouts (DESIGN §4.7)', () => {
  it('a timeout waits for the watermark of the broker and for the grace after a takeover', async () => {
    const { world, ids } = await started(1, { attemptTimeout_s: 60, maxAttempts: 1 });
    await world.says(first(ids), 'accepted', { seq: 1 });
    const next = world.newWorker({ timeoutGrace_ms: 300_000 });
    world.clock.ms += 61_000;
    await next.assign([SHARD]);
    await next.tick();
    expect(await world.types()).not.toContain('UpdateTimedOut');
    world.watermark_ms = T0 + 60_000;
    for (let i = 0; i < 60; i++) {
      world.clock.ms += 5000;
      await next.tick();
    }
    expect(await world.types()).not.toContain('UpdateTimedOut');
    world.watermark_ms = T0 + 60_001;
    await next.tick();
    expect((await world.types()).at(-1)).toBe('UpdateTimedOut');
    expect(world.open(first(ids))).toEqual([]);
  });

  it('a worker whose clock is behind the log refuses to own a shard', async () => {
    const { world } = await started(1);
    world.clock.ms -= 61_000;
    await expect(world.newWorker().assign([SHARD])).rejects.toThrow(/clock .* is behind the last event/);
  });
});

describe('before each offer the vehicle is read fresh', () => {
  it('offers nothing to vehicles that do not fit any more, and says why', async () => {
    const world = new World();
    const ids = idsOf(4);
    await world.artifact();
    await world.vehicle(ids[0] ?? '', '2.0.0');
    await world.vehicle(ids[1] ?? '', '0.9.0');
    await world.vehicle(ids[2] ?? '');
    await world.append(vehicleStream(ids[2] ?? ''), {
      type: 'VehicleDecommissioned',
      data: { vehicleId: ids[2] ?? '', reason: 'scrapped', at: iso(T0) },
    } satisfies DomainEvent);
    await world.vehicle(ids[3] ?? '');
    await world.campaign(ids);
    await world.worker.assign([SHARD]);
    await world.worker.tick();
    const [, ...events] = await world.rollout();
    expect(events).toMatchObject([
      { type: 'SatisfiedElsewhere', data: { softwareVersion: '2.0.0' } },
      { type: 'UpdateCancelled', data: { reason: 'incompatible' } },
      { type: 'UpdateCancelled', data: { reason: 'decommissioned' } },
      { type: 'UpdateOffered' },
    ]);
    expect(events[1]).toMatchObject({ data: { detail: expect.stringContaining('previous-software') } });
  });
});

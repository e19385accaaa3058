import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribute, type Limits, rateSpan, room, UNUSED_MS } from '../../../src/app/campaigns/allowances.ts';
import { createGatekeeper } from '../../../src/app/campaigns/gatekeeper.ts';
import { OfferLedger } from '../../../src/app/campaigns/offer-ledger.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import type { Phase, RolloutEvent } from '../../../src/domain/rollout/events.ts';
import {
  allowanceStream,
  campaignStream,
  FLEET_STREAM,
  targetsStream,
} from '../../../src/domain/shared/streams.ts';
import { ID } from '../../domain/campaign/samples.ts';
import { createWorld, runningCampaign, settle, type World } from './world.ts';

const SHARDS = 8;
const event = (from: Phase, to: Phase): RolloutEvent => {
  const base = { vehicleId: 'V', wave: 1, slice: 0, attempt: 1, offer: 1, from, to };
  const at = '2027-03-01T12:00:00.000Z';
  return to === 'offered'
    ? { type: 'UpdateOffered', data: { ...base, at, validUntil: at, vehicleRevision: 0 } }
    : { type: 'UpdateTimedOut', data: { ...base, stage: 'attempt', deadline: at, notBefore: null } };
};
const ledgerOf = (waiting: readonly number[]): OfferLedger => {
  const ledger = new OfferLedger(SHARDS);
  ledger.setTargets(
    waiting.map((count) => ({
      digest: '',
      slices: [],
      targets: Array.from({ length: count }, (_, i) => ({
        vehicleId: `V${i}`,
        wave: 1,
        rank: i,
        revision: 0,
        slice: 0,
      })),
    })),
  );
  return ledger;
};

/** A campaign whose shards use what they may, or not, as the dice say; checks the limits at every step. */
function simulate(
  waiting: readonly number[],
  limits: Limits,
  steps: readonly { shard: number; use: number; settle: number; ms: number }[],
) {
  const ledger = ledgerOf(waiting);
  const left = [...waiting];
  const offers: number[] = [];
  let inFlight = 0;
  let now = 1_000_000;
  let revision = -1;
  for (const step of steps) {
    now += step.ms;
    for (let i = 0; i < step.settle && inFlight > 0; i++) inFlight -= 1;
    const { offers: free } = room(limits, [{ ledger, inFlight }], now);
    const { offers: next } = distribute(ledger, 1, free, now);
    if (next !== null) ledger.allow(next, ++revision, now);
    for (let i = 0; i < step.use && ledger.left(step.shard) > 0 && (left[step.shard] ?? 0) > 0; i++) {
      ledger.apply(step.shard, event('waiting', 'offered'), now);
      left[step.shard] = (left[step.shard] ?? 0) - 1;
      offers.push(now);
      inFlight += 1;
    }
    expect(inFlight).toBeLessThanOrEqual(limits.maxInFlight ?? Number.POSITIVE_INFINITY);
    if (limits.offersPerMinute !== null)
      expect(offers.filter((at) => at > now - 60_000).length).toBeLessThanOrEqual(limits.offersPerMinute);
  }
  return { left, ledger };
}

const steps = fc.array(
  fc.record({ shard: fc.nat(SHARDS - 1), use: fc.nat(20), settle: fc.nat(10), ms: fc.nat(20_000) }),
  { minLength: 20, maxLength: 80 },
);

describe('allowances', () => {
  it('never let more be in flight, or offered in any minute, than the limits say', () => {
    const limit = fc.option(fc.integer({ min: 1, max: 200 }), { nil: null });
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: SHARDS, maxLength: SHARDS }),
        limit,
        limit,
        steps,
        (waiting, offersPerMinute, maxInFlight, some) => {
          simulate(waiting, { offersPerMinute, maxInFlight }, some);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reach every vehicle of uneven shards', () => {
    const all = Array.from({ length: 400 }, (_, i) => ({ shard: i % SHARDS, use: 50, settle: 50, ms: 1000 }));
    expect(
      simulate([100, 0, 1, 3, 0, 7, 0, 50], { offersPerMinute: null, maxInFlight: 5 }, all).left,
    ).toEqual(new Array(SHARDS).fill(0));
    expect(
      simulate([100, 0, 1, 3, 0, 7, 0, 50], { offersPerMinute: 30, maxInFlight: null }, all).left.reduce(
        (a, b) => a + b,
      ),
    ).toBe(0);
  });

  it('take back what a shard can not use, and give it to others only after a grace', () => {
    const ledger = ledgerOf([10, 0, 0, 0, 0, 0, 0, 10]);
    const limits = { offersPerMinute: null, maxInFlight: 2 };
    const round = (now: number, revision: number): void => {
      const { offers } = distribute(ledger, 1, room(limits, [{ ledger, inFlight: 0 }], now).offers, now);
      if (offers !== null) ledger.allow(offers, revision, now);
    };
    round(0, 0);
    expect(ledger.allowed).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    ledger.apply(7, event('waiting', 'offered'), 1000);
    ledger.apply(7, event('offered', 'succeeded'), 1000);
    round(1000, 1);
    expect(ledger.allowed).toEqual([1, 0, 0, 0, 0, 0, 0, 2]);
    ledger.apply(7, event('waiting', 'offered'), UNUSED_MS);
    round(UNUSED_MS, 2);
    expect(ledger.left(0)).toBe(0);
    expect(ledger.outstanding(UNUSED_MS)).toBe(2);
    expect(ledger.nextExpiry(UNUSED_MS)).toBe(UNUSED_MS + 30_000);
    expect(ledger.outstanding(UNUSED_MS + 30_000)).toBe(1);
  });

  it('spread a rate over the minute', () => {
    expect(rateSpan(600)).toEqual({ span_ms: 10_000, offers: 100 });
    expect(rateSpan(6)).toEqual({ span_ms: 60_000, offers: 6 });
  });
});

/** Shards 3 (4 targets) and 7 (6 targets), the first of each in wave 1. */
async function listTargets(world: World, campaignId = ID): Promise<void> {
  const planId =
    ((await world.eventsOf(campaignStream(campaignId)))[1]?.data as { planId: string } | undefined)?.planId ??
    '';
  for (const [shard, count] of [
    [3, 4],
    [7, 6],
  ] as const) {
    const base = { campaignId, shard, planId };
    const slice = { brand: '', model: '', variant: '', region: '', timeZone: '', hardware: '', software: '' };
    const targets = Array.from({ length: count }, (_, i): [string, number, number, number, number] => [
      `V${shard}${i}`,
      i === 0 ? 1 : 2,
      i,
      0,
      0,
    ]);
    const events: DomainEvent[] = [
      { type: 'TargetsOpened', data: { ...base, lastEventId: null } },
      { type: 'TargetsListed', data: { ...base, slices: [slice], targets } },
      { type: 'TargetsClosed', data: { ...base, targets: count, digest: 'd'.repeat(64) } },
    ];
    await world.write(targetsStream(campaignId, shard), ...events);
  }
}
const allowed = async (world: World, campaignId = ID): Promise<string[]> =>
  (await world.eventsOf(allowanceStream(campaignId))).map(({ data }) => {
    const { offers } = data as { offers: number[] };
    return `${offers[3]},${offers[7]}`;
  });

describe('the gatekeeper sharing out offers', () => {
  it('covers what waits in released waves within maxInFlight, and more as vehicles settle', async () => {
    const world = createWorld();
    await world.artifact('tcm@2.1.0');
    await runningCampaign(world, { maxInFlight: 1 });
    await listTargets(world);
    let agent = createGatekeeper(world.runtime, world);
    await agent.start();
    await settle();
    expect(await allowed(world)).toEqual(['1,0']);
    await world.move(3, 1, 'waiting', 'offered', 'V30');
    await world.clock.advance(100);
    expect(await allowed(world)).toEqual(['1,0']);
    await agent.stop();
    agent = createGatekeeper(world.runtime, world);
    await agent.start();
    await world.move(3, 1, 'offered', 'succeeded', 'V30');
    await world.clock.advance(100);
    expect(await allowed(world)).toEqual(['1,0', '1,1']);
    await agent.stop();
    expect(world.problems).toEqual([]);
  });

  it('sets none for campaigns without limits, and shares the fleet limits between them when there are some', async () => {
    const world = createWorld();
    await world.artifact('tcm@2.1.0');
    for (const id of [ID, 'second']) {
      await runningCampaign(world, {}, id);
      await listTargets(world, id);
    }
    const agent = createGatekeeper(world.runtime, world);
    await agent.start();
    await settle();
    expect(await allowed(world)).toEqual([]);
    await world.write(FLEET_STREAM, {
      type: 'FleetLimitsSet',
      data: { offersPerMinute: null, maxInFlight: 2, by: 'op' },
    });
    await settle();
    expect([await allowed(world), await allowed(world, 'second')]).toEqual([['1,0'], ['1,0']]);
    await agent.stop();
  });

  it('goes on with the rate as time passes, without anything else happening', async () => {
    const world = createWorld();
    await world.artifact('tcm@2.1.0');
    await runningCampaign(world, { offersPerMinute: 1 });
    await listTargets(world);
    const agent = createGatekeeper(world.runtime, world);
    await agent.start();
    await settle();
    await world.move(3, 1, 'waiting', 'offered', 'V30');
    await world.clock.advance(59_000);
    expect(await allowed(world)).toEqual(['1,0']);
    await world.clock.advance(1100);
    expect(await allowed(world)).toEqual(['1,0', '1,1']);
    await agent.stop();
  });
});

/** A vehicle's messages are its own, all of them, newest first, however they are paged. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../../src/app/projector.ts';
import { type MessagePlace, messagePage } from '../../../src/app/vehicles/messages/history.ts';
import {
  DIRECTIONS,
  type Direction,
  type VehicleMessage,
} from '../../../src/app/vehicles/messages/message.ts';
import type { MessageDeps } from '../../../src/app/vehicles/messages/sources.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { shardOf } from '../../../src/domain/shared/shard.ts';
import {
  parseStream,
  rolloutStream,
  shardStream,
  vehicleStream,
} from '../../../src/domain/shared/streams.ts';
import { assignments } from '../../../src/projections/assignments.ts';
import { setAside } from '../../../src/projections/set-aside.ts';
import { Given, TIME } from '../../projections/fold.ts';
import { OTHER, VEHICLE } from '../evidence/world.ts';

const CAMPAIGNS = ['spring', 'autumn', 'winter'];
const KINDS = ['offer', 'report', 'cancel', 'inventory', 'workshop', 'credential', 'letter', 'halt'] as const;
const step = fc.record({
  kind: fc.constantFrom(...KINDS),
  mine: fc.boolean(),
  campaign: fc.nat(CAMPAIGNS.length - 1),
  /** Events in one append. */
  times: fc.integer({ min: 1, max: 3 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const SHARD = shardOf(VEHICLE);
const report = { epoch: { tcu: 'T', reset: 0 }, seq: 1, sentAt: '2027-01-01T00:00:01Z' };

function eventOf({ kind, mine, campaign }: Step): readonly [stream: string, event: DomainEvent] {
  const vehicleId = mine ? VEHICLE : OTHER;
  const campaignId = CAMPAIGNS[campaign] ?? '';
  const base = { vehicleId, wave: 1, slice: 0, attempt: 1, offer: 1 };
  const rollout = rolloutStream(campaignId, SHARD);
  const own = vehicleStream(vehicleId);
  switch (kind) {
    case 'offer':
      return [
        rollout,
        {
          type: 'UpdateOffered',
          data: { ...base, from: 'waiting', to: 'offered', at: TIME, validUntil: TIME, vehicleRevision: 0 },
        },
      ];
    case 'report':
      return [
        rollout,
        {
          type: 'DownloadStarted',
          data: { ...base, from: 'accepted', to: 'downloading', report, receivedAt: TIME },
        },
      ];
    case 'cancel':
      return [
        rollout,
        {
          type: 'UpdateCancelled',
          data: { ...base, from: 'waiting', to: 'cancelled', reason: 'ended', detail: '' },
        },
      ];
    case 'inventory':
    case 'workshop': {
      const source = kind === 'inventory' ? 'ota' : 'workshop';
      const said = kind === 'inventory' ? report : null;
      return [own, { type: 'InventoryReported', data: { vehicleId, source, ecus: [], report: said } }];
    }
    case 'credential':
      return [own, { type: 'CredentialRevoked', data: { vehicleId, generation: 1, reason: 'lost' } }];
    case 'letter':
      return [
        shardStream(SHARD),
        {
          type: 'ReportSetAside',
          data: {
            shard: SHARD,
            vehicleId,
            channel: 'feedback',
            code: 'not-json',
            reason: 'x',
            raw: 'e30=',
            report: null,
            receivedAt: TIME,
          },
        },
      ];
    case 'halt':
      return [
        rollout,
        { type: 'RolloutHalted', data: { campaignId, shard: SHARD, cause: 'c', why: 'paused' } },
      ];
  }
}

async function world(script: readonly Step[]) {
  const given = new Given();
  for (const one of script) {
    const [stream, event] = eventOf(one);
    await given.append(stream, ...Array.from({ length: one.times }, () => event));
  }
  const reader = createMemoryReadModel();
  for (const projection of [assignments, setAside])
    await rebuildProjection({ log: given.store, writer: reader }, projection);
  return { log: given.store, reader };
}

/** Straight from the log: what names the vehicle, newest first. */
async function expected({ log }: Awaited<ReturnType<typeof world>>): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { events } of log.readAll())
    for (const { id, stream, data } of events) {
      const ref = parseStream(stream);
      const named = ref.category === 'vehicle' ? ref.vehicleId : (data as { vehicleId?: string }).vehicleId;
      if (named === VEHICLE) ids.push(id);
    }
  return ids.reverse();
}

async function paged(
  deps: MessageDeps,
  direction: Direction | null,
  limit: number,
): Promise<VehicleMessage[]> {
  const found: VehicleMessage[] = [];
  let after: MessagePlace | null = null;
  do {
    const page = await messagePage(deps, VEHICLE, { direction, after }, limit);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items);
    // As it goes through the cursor of a caller.
    after = JSON.parse(JSON.stringify(page.next)) as MessagePlace | null;
  } while (after !== null);
  return found;
}

describe('messages of a vehicle', () => {
  it('are all that the log has of it and nothing of others, newest first, on any pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (script, limit) => {
          const made = await world(script);
          const all = await paged(made, null, limit);
          expect(all.map(({ id }) => id)).toEqual(await expected(made));
          for (const direction of DIRECTIONS)
            expect(await paged(made, direction, limit)).toEqual(
              all.filter((one) => one.direction === direction),
            );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('say who spoke, with numbering and both clocks, and which bytes are as they came', async () => {
    const steps = KINDS.map((kind): Step => ({ kind, mine: true, campaign: 0, times: 1 }));
    const all = await paged(await world(steps), null, 100);
    expect(all.map(({ type, direction }) => [type, direction])).toEqual([
      ['ReportSetAside', 'set-aside'],
      ['CredentialRevoked', 'record'],
      ['InventoryReported', 'record'],
      ['InventoryReported', 'from-vehicle'],
      ['UpdateCancelled', 'record'],
      ['DownloadStarted', 'from-vehicle'],
      ['UpdateOffered', 'to-vehicle'],
    ]);
    expect(all[0]).toMatchObject({ rendition: 'as-received', raw: 'e30=', data: { code: 'not-json' } });
    expect(all[5]).toMatchObject({
      rendition: 'as-recorded',
      raw: null,
      campaignId: 'spring',
      receivedAt: TIME,
      report: { seq: 1, sentAt: '2027-01-01T00:00:01Z' },
    });
  });

  it('come in shorter pages where dead letters are large, and none is left out', async () => {
    const given = new Given();
    const raw = Buffer.alloc(500_000, 1).toString('base64');
    const [stream, letter] = eventOf({ kind: 'letter', mine: true, campaign: 0, times: 1 });
    for (let n = 0; n < 10; n++)
      await given.append(stream, { ...letter, data: { ...letter.data, raw } } as DomainEvent);
    const reader = createMemoryReadModel();
    for (const projection of [assignments, setAside])
      await rebuildProjection({ log: given.store, writer: reader }, projection);
    const deps = { log: given.store, reader };
    const first = await messagePage(deps, VEHICLE, { direction: null, after: null }, 100);
    expect(first.items.length).toBeLessThan(10);
    expect(await paged(deps, null, 100)).toHaveLength(10);
  });
});

/** Every vehicle in use counts once, in the state that its campaigns say, however the log is cut into batches. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../src/domain/events.ts';
import { PHASES, type Phase } from '../../src/domain/rollout/events.ts';
import { isInFlight, isSettled } from '../../src/domain/rollout/state.ts';
import {
  campaignStream,
  rolloutStream,
  targetsStream,
  vehicleStream,
} from '../../src/domain/shared/streams.ts';
import { type FleetSection, fleet } from '../../src/projections/fleet.ts';
import { campaignsIn, states } from '../../src/projections/fleet-states.ts';
import { Given, project, TIME } from './fold.ts';
import { described } from './targeting/support.ts';

const VEHICLES = ['A', 'B', 'C', 'D'];
const CAMPAIGNS = ['spring', 'summer', 'mid-summer'];
/** Vehicles of one shard, so that a list that is written anew may be a shorter one. */
const SHARD = 0;
const planId = '00000000-0000-4000-8000-0000000000aa';

const step = fc.record({
  kind: fc.constantFrom('register', 'decommission', 'list', 'unlist', 'start', 'move', 'move', 'move'),
  vehicle: fc.nat(VEHICLES.length - 1),
  campaign: fc.nat(CAMPAIGNS.length - 1),
  to: fc.constantFrom(...PHASES),
  listed: fc.subarray(VEHICLES, { minLength: 1 }),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Known {
  inUse: boolean;
  readonly parts: Map<string, { readonly phase: Phase; readonly moved: number }>;
}

/** What was written, and what it means, said without any bookkeeping. */
class Script {
  readonly given = new Given();
  readonly started = new Set<string>();
  readonly #listed = new Map<string, readonly string[]>();
  readonly #vehicles = new Map<string, Known>();
  #steps = 0;

  vehicle(id: string): Known {
    const known = this.#vehicles.get(id) ?? { inUse: false, parts: new Map() };
    this.#vehicles.set(id, known);
    return known;
  }

  async take({ kind, vehicle, campaign, to, listed }: Step): Promise<void> {
    this.#steps++;
    const vehicleId = VEHICLES[vehicle] ?? 'A';
    const campaignId = CAMPAIGNS[campaign] ?? 'spring';
    const known = this.vehicle(vehicleId);
    switch (kind) {
      case 'register':
        return this.#register(vehicleId, known);
      case 'decommission':
        if (!known.inUse) return;
        known.inUse = false;
        return this.#append(vehicleStream(vehicleId), {
          type: 'VehicleDecommissioned',
          data: { vehicleId, reason: 'sold', at: TIME },
        });
      case 'list':
      case 'unlist':
        if (!this.started.has(campaignId)) await this.#list(campaignId, kind === 'list' ? listed : []);
        return;
      case 'start':
        this.started.add(campaignId);
        return;
      default:
        if (!this.started.has(campaignId) || this.#listed.get(campaignId)?.includes(vehicleId) !== true)
          return;
        return this.#move(vehicleId, campaignId, known, to);
    }
  }

  async #append(stream: string, ...events: DomainEvent[]): Promise<void> {
    await this.given.append(stream, ...events);
  }

  async #register(vehicleId: string, known: Known): Promise<void> {
    if (known.inUse) return;
    known.inUse = true;
    await this.#append(
      vehicleStream(vehicleId),
      { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
      { type: 'VehicleDescribed', data: { vehicleId, description: described({}) } },
    );
  }

  async #list(campaignId: string, vehicles: readonly string[]): Promise<void> {
    for (const id of this.#listed.get(campaignId) ?? []) this.vehicle(id).parts.delete(campaignId);
    for (const id of vehicles)
      this.vehicle(id).parts.set(campaignId, { phase: 'waiting', moved: this.#steps });
    this.#listed.set(campaignId, vehicles);
    if (vehicles.length === 0) return this.#freezeNobody(campaignId);
    const shard = SHARD;
    await this.#append(
      targetsStream(campaignId, shard),
      { type: 'TargetsOpened', data: { campaignId, shard, planId, lastEventId: null } },
      ...vehicles.map(
        (id, rank): DomainEvent => ({
          type: 'TargetsListed',
          data: { campaignId, shard, planId, slices: [], targets: [[id, 1, rank, 0, 0]] },
        }),
      ),
    );
  }

  async #freezeNobody(campaignId: string): Promise<void> {
    await this.#append(campaignStream(campaignId), {
      type: 'TargetsFrozen',
      data: {
        campaignId,
        planId,
        query: 'vehicle==*',
        targets: 0,
        incompatible: 0,
        reasons: [],
        waves: [0],
        shards: [0],
        digest: 'a'.repeat(64),
        lastEventId: null,
      },
    });
  }

  async #move(vehicleId: string, campaignId: string, known: Known, to: Phase): Promise<void> {
    const from = known.parts.get(campaignId)?.phase ?? 'waiting';
    known.parts.set(campaignId, { phase: to, moved: this.#steps });
    const move = { wave: 1, slice: 0, attempt: 1, offer: 1, from, to };
    const report = { epoch: { tcu: 'T', reset: 0 }, seq: this.#steps, sentAt: null };
    await this.#append(rolloutStream(campaignId, SHARD), {
      type: 'DownloadStarted',
      data: { vehicleId, ...move, report, receivedAt: TIME },
    });
  }

  expected(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { inUse, parts } of this.#vehicles.values()) {
      if (!inUse) continue;
      const newestFirst = [...parts].sort(([, a], [, b]) => b.moved - a.moved);
      const phases = newestFirst.map(([, { phase }]) => phase);
      const waited = newestFirst.some(([id, { phase }]) => phase === 'waiting' && this.started.has(id));
      const state = phases.find(isInFlight) ?? (waited ? 'waiting' : (phases.find(isSettled) ?? 'none'));
      sums[state] = (sums[state] ?? 0) + 1;
    }
    return sums;
  }
}

describe('the fleet by state', () => {
  it('counts every vehicle in use once: under way, else waiting for a started campaign, else its newest outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        async (steps, batchSize) => {
          const script = new Script();
          await script.take({ kind: 'register', vehicle: 0, campaign: 0, to: 'waiting', listed: [] });
          for (const one of steps) await script.take(one);
          const model = await project(script.given.store, [fleet], batchSize);
          const section = await model.get<FleetSection>('fleet', 'byAssignment');
          const counts = section?.counts ?? {};
          expect(states(counts, script.started)).toEqual(script.expected());
          expect([...campaignsIn(Object.keys(counts))].every((id) => CAMPAIGNS.includes(id))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

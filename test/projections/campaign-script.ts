/** Logs of one campaign as they could have come about, for tests of what is folded from them. */
import fc from 'fast-check';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type { EventStore } from '../../src/app/ports.ts';
import type { CampaignEvent } from '../../src/domain/campaign/events.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { PHASES, type Phase, type RolloutEvent } from '../../src/domain/rollout/events.ts';
import {
  allowanceStream,
  campaignStream,
  rolloutStream,
  targetsStream,
  vehicleStream,
} from '../../src/domain/shared/streams.ts';

const SHARDS = 3;
export const VEHICLES = 9;
export const START_MS = Date.UTC(2027, 0, 1);
const planOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const id = 'spring';

/** Several kinds of steps; `clock` is how far the writer's clock is off. */
export const step = fc.record({
  kind: fc.constantFrom('move', 'move', 'move', 'freeze', 'allowance', 'gate', 'foreign', 'newer'),
  vehicle: fc.nat(VEHICLES - 1),
  to: fc.nat(PHASES.length - 1),
  wait_ms: fc.nat(500),
  clock_ms: fc.integer({ min: -700, max: 700 }),
});
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export class Script {
  readonly store: EventStore = createMemoryEventStore();
  readonly #revisions = new Map<string, number>();
  readonly #phases = new Map<number, Phase>();
  #ids = 0;
  #plans = 0;
  now_ms = START_MS;

  async append(stream: string, time_ms: number, ...events: readonly DomainEvent[]): Promise<void> {
    const expectedRevision = this.#revisions.get(stream) ?? -1;
    const newId = (): string => `00000000-0000-7000-8000-${String(++this.#ids).padStart(12, '0')}`;
    const metadata = {
      actor: { kind: 'person' as const, id: 'ada' },
      time: new Date(time_ms).toISOString(),
      correlationId: 'c',
      causationId: null,
      source: 'test',
    };
    const made = toNewEvents(events, newId).map((event) =>
      event.type === 'TargetLeft' ? { ...event, type: 'OfALaterVersion' } : event,
    );
    const [result] = await this.store.append([{ stream, expectedRevision, events: made, metadata }]);
    if (result?.status !== 'appended') throw new Error('not appended');
    this.#revisions.set(stream, result.revision);
  }

  async play({ kind, vehicle, to, wait_ms, clock_ms }: Step): Promise<void> {
    this.now_ms += wait_ms;
    const time_ms = this.now_ms + clock_ms;
    const shard = vehicle % SHARDS;
    if (kind === 'freeze') await this.#freeze(time_ms);
    else if (kind === 'move') await this.#move(vehicle, PHASES[to] ?? 'waiting', time_ms);
    else if (kind === 'allowance')
      await this.append(allowanceStream(id), time_ms, {
        type: 'OfferAllowanceSet',
        data: { campaignId: id, offers: [1], cause: null },
      });
    else if (kind === 'gate') await this.append(campaignStream(id), time_ms, gateDecided(to));
    else if (kind === 'newer')
      await this.append(targetsStream(id, shard), time_ms, {
        type: 'TargetLeft',
        data: { campaignId: id, shard, vehicleId: `V${vehicle}`, reason: 'x' },
      });
    else
      await this.append(vehicleStream(`V${vehicle}`), time_ms, {
        type: 'ServiceCleared',
        data: { vehicleId: `V${vehicle}`, code: 'x' },
      });
  }

  async #freeze(time_ms: number): Promise<void> {
    const planId = planOf(++this.#plans);
    this.#phases.clear();
    await this.append(campaignStream(id), time_ms, {
      type: 'TargetingDefined',
      data: { campaignId: id, planId, query: 'model==X', by: 'ada' },
    });
    for (let shard = 0; shard < SHARDS; shard++) {
      const mine = Array.from({ length: VEHICLES }, (_, n) => n).filter((n) => n % SHARDS === shard);
      const at = { campaignId: id, shard, planId };
      await this.append(
        targetsStream(id, shard),
        time_ms,
        { type: 'TargetsOpened', data: { ...at, lastEventId: null } },
        {
          type: 'TargetsListed',
          data: {
            ...at,
            slices: [0, 1].map((n) => sliceOf(n + shard)),
            targets: mine.map((n, i) => [`V${n}`, 1 + (n % 2), n, 0, i % 2]),
          },
        },
        { type: 'TargetsClosed', data: { ...at, targets: mine.length, digest: 'a'.repeat(64) } },
      );
    }
    await this.append(campaignStream(id), time_ms, frozen(planId));
  }

  async #move(vehicle: number, to: Phase, time_ms: number): Promise<void> {
    const from = this.#phases.get(vehicle) ?? 'waiting';
    this.#phases.set(vehicle, to);
    const data = {
      vehicleId: `V${vehicle}`,
      wave: 1 + (vehicle % 2),
      slice: vehicle % 2,
      attempt: 1,
      offer: 1,
      from,
      to,
      report: { epoch: { tcu: 'T', reset: 0 }, seq: this.#ids, sentAt: null },
      receivedAt: '2027-01-01T00:00:00.000Z',
    };
    const failed = { code: `c${vehicle % 3}`, message: '', ecus: [], notBefore: null };
    const event: RolloutEvent =
      to === 'failed'
        ? { type: 'UpdateFailed', data: { ...data, ...failed } }
        : { type: 'UpdateSucceeded', data: { ...data, ecus: [] } };
    await this.append(rolloutStream(id, vehicle % SHARDS), time_ms, event);
  }
}

const sliceOf = (n: number) => ({
  brand: 'B',
  model: `M${n % 2}`,
  variant: '',
  region: n === 0 ? 'DE' : 'FR',
  timeZone: 'UTC',
  hardware: 'H',
  software: '1.0.0',
});
const gateDecided = (n: number): CampaignEvent => ({
  type: 'GateDecided',
  data: {
    campaignId: id,
    wave: 1,
    outcome: n % 2 === 0 ? 'held' : 'passed',
    reason: `because of ${n}`,
    counters: { targets: 5, succeeded: 1, failed: 1, excused: 0, inFlight: 1, waiting: 2 },
    soakUntil: null,
    cause: null,
  },
});
const frozen = (planId: string): CampaignEvent => ({
  type: 'TargetsFrozen',
  data: {
    campaignId: id,
    planId,
    query: 'model==X',
    targets: VEHICLES,
    incompatible: 0,
    reasons: [],
    waves: [5, 4],
    shards: [3, 3, 3],
    digest: 'a'.repeat(64),
    lastEventId: null,
  },
});
const gate = { successPercent: 90, failurePercent: 10, soak_s: 0, confirm: false };
const created: CampaignEvent = {
  type: 'CampaignCreated',
  data: {
    campaignId: id,
    title: 'Spring',
    purpose: '',
    by: 'ada',
    policy: {
      artifacts: ['tcm-main@2.0.0'],
      waves: [
        { name: 'first', size: { vehicles: 5 }, gate },
        { name: 'rest', size: { rest: true }, gate },
      ],
      maxAttempts: 3,
      attemptTimeout_s: 3600,
      offerValid_s: 3600,
      retryDelay_s: 60,
      window: null,
      startAt: null,
      endAt: null,
      offersPerMinute: null,
      maxInFlight: null,
      preconditions: [],
      consentTextKey: null,
    },
  },
};

export async function written(steps: readonly Step[]): Promise<Script> {
  const script = new Script();
  await script.append(campaignStream(id), START_MS, created);
  for (const one of steps) await script.play(one);
  return script;
}

import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { replayStates } from '../../src/api/history/campaign-state.ts';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type { EventStore } from '../../src/app/ports.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { campaignStream, rolloutStream } from '../../src/domain/shared/streams.ts';

const at = (second: number): string => new Date(Date.UTC(2027, 0, 1, 0, 0, second)).toISOString();
const planId = '00000000-0000-4000-8000-0000000000aa';
const sha = 'a'.repeat(64);
const gate = { successPercent: 90, failurePercent: 10, soak_s: 0, confirm: false };
const created = (campaignId: string): DomainEvent => ({
  type: 'CampaignCreated',
  data: {
    campaignId,
    title: 'Spring',
    purpose: '',
    by: 'ada',
    policy: {
      artifacts: ['tcm-main@2.0.0'],
      waves: [{ name: 'all', size: { rest: true }, gate }],
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
});
const base = { vehicleId: 'V1', wave: 1, slice: 0, attempt: 1, offer: 1 };
const report = { epoch: { tcu: 'T', reset: 0 }, seq: 1, sentAt: null };

async function storeWith(
  history: readonly [stream: string, second: number, event: DomainEvent][],
): Promise<EventStore> {
  const store = createMemoryEventStore();
  const revisions = new Map<string, number>();
  let id = 0;
  const newId = () => `00000000-0000-7000-8000-${String(++id).padStart(12, '0')}`;
  for (const [stream, second, event] of history) {
    const expectedRevision = revisions.get(stream) ?? -1;
    const metadata = {
      actor: { kind: 'system' as const, id: 'test' },
      time: at(second),
      correlationId: 'c',
      causationId: null,
      source: 'test',
    };
    await store.append([{ stream, expectedRevision, events: toNewEvents([event], newId), metadata }]);
    revisions.set(stream, expectedRevision + 1);
  }
  return store;
}

const history = (campaignId: string): [string, number, DomainEvent][] => [
  [campaignStream(campaignId), 0, created(campaignId)],
  [
    campaignStream(campaignId),
    1,
    { type: 'TargetingDefined', data: { campaignId, planId, query: 'model==X', by: 'ada' } },
  ],
  [
    campaignStream(campaignId),
    2,
    {
      type: 'TargetsFrozen',
      data: {
        campaignId,
        planId,
        query: 'model==X',
        targets: 2,
        incompatible: 0,
        reasons: [],
        waves: [2],
        shards: [2],
        digest: sha,
        lastEventId: null,
      },
    },
  ],
  [
    rolloutStream(campaignId, 0),
    3,
    {
      type: 'UpdateOffered',
      data: { ...base, from: 'waiting', to: 'offered', at: at(3), validUntil: at(50), vehicleRevision: 1 },
    },
  ],
  [
    rolloutStream(campaignId, 0),
    4,
    {
      type: 'UpdateFailed',
      data: {
        ...base,
        from: 'offered',
        to: 'failed',
        report,
        receivedAt: at(4),
        code: 'low-battery',
        message: '',
        ecus: [],
        notBefore: null,
      },
    },
  ],
];

const replayed = async (store: EventStore, asOf: string | null = null) => {
  const instant_ms = asOf === null ? Number.MAX_SAFE_INTEGER : Date.parse(asOf);
  const [state] = await replayStates(store, 'spring', [{ instant_ms }]);
  if (state === undefined) throw new Error('a cut has a state');
  return state;
};

describe('replaying a campaign', () => {
  it('gives the state at the end', async () => {
    const state = await replayed(await storeWith(history('spring')));
    expect(state).toMatchObject({ events: 5, at: at(4), campaign: { state: 'targets-frozen' }, unknown: [] });
    // The list itself is not in this log: only what moved is counted.
    expect(state.progress).toMatchObject({ byPhase: { failed: 1 }, failureCodes: { 'low-battery': 1 } });
  });

  it('gives any past instant: everything before the first event recorded after it', async () => {
    const store = await storeWith(history('spring'));
    expect((await replayed(store, at(3))).progress?.byPhase).toMatchObject({ offered: 1 });
    expect(await replayed(store, at(1))).toMatchObject({
      events: 2,
      campaign: { state: 'targeting-defined' },
      progress: { targets: 0 },
    });
    expect(await replayed(store, at(-1))).toMatchObject({
      events: 0,
      at: null,
      campaign: null,
      progress: null,
    });
  });

  it('gives several instants in one reading, and any position', async () => {
    const store = await storeWith(history('spring'));
    const cuts = [at(-1), at(2), at(9)].map((time) => ({ instant_ms: Date.parse(time) }));
    const states = await replayStates(store, 'spring', cuts);
    expect(states.map(({ events }) => events)).toEqual([0, 3, 5]);
    const [same] = await replayStates(store, 'spring', [{ position: states[1]?.position ?? '' }]);
    expect(same).toEqual(states[1]);
  });

  it('goes on where clocks differ: an earlier time behind a later one does not bring it back', async () => {
    const [first, second, third, ...rest] = history('spring');
    if (first === undefined || second === undefined || third === undefined) throw new Error('no history');
    const store = await storeWith([first, [second[0], 30, second[2]], third, ...rest]);
    expect((await replayed(store, at(29))).events).toBe(1);
    expect((await replayed(store, at(30))).events).toBe(5);
  });

  it('keeps out a campaign whose id begins with this one', async () => {
    const store = await storeWith([...history('spring'), ...history('spring-2')]);
    expect(await replayed(store)).toMatchObject({ events: 5 });
  });
});

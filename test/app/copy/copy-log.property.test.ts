/** Any log, copied between any two stores and cut off anywhere, comes out equal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { openSqliteEventStore } from '../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { agrees, compareLogs } from '../../../src/app/copy/compare-logs.ts';
import { copyLog } from '../../../src/app/copy/copy-log.ts';
import type { AppendMetadata, EventStore, NewEvent } from '../../../src/app/ports.ts';
import { verify } from '../../contract/event-store/samples.ts';
import { startEventStoreDouble } from '../../doubles/eventstoredb/double.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Opened extends AsyncDisposable {
  readonly store: EventStore;
}

const openers = {
  async memory(): Promise<Opened> {
    const store = createMemoryEventStore();
    return { store, [Symbol.asyncDispose]: () => store.close() };
  },
  async sqlite(): Promise<Opened> {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-copy-'));
    const store = await openSqliteEventStore({ path: join(directory, 'log.sqlite') });
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
  async eventstoredb(): Promise<Opened> {
    const double = await startEventStoreDouble();
    const store = await openEventStoreDb({ connectionString: double.url, log: () => {} });
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close();
        await double.stop();
      },
    };
  },
};
type Kind = keyof typeof openers;
const PER_CALL: Record<Kind, number> = { memory: 3, sqlite: 3, eventstoredb: 1 };

const instant = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const metadata: fc.Arbitrary<AppendMetadata> = fc.record(
  {
    actor: fc.record({ kind: fc.constantFrom('person' as const, 'system' as const), id: fc.string() }),
    time: instant,
    correlationId: fc.uuid(),
    causationId: fc.option(fc.uuid()),
    source: fc.constantFrom('http', 'mqtt', 'planner'),
    command: fc.record({ id: fc.string({ unit: 'binary' }), digest: fc.string() }),
  },
  { requiredKeys: ['actor', 'time', 'correlationId', 'causationId', 'source'] },
);
const event: fc.Arbitrary<NewEvent> = fc.record({
  id: fc.uuid(),
  type: fc.constantFrom('VehicleRegistered', 'UpdateOffered', 'Prüfung'),
  schemaVersion: fc.integer({ min: 1, max: 3 }),
  data: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
});
interface Told {
  readonly stream: string;
  readonly events: readonly NewEvent[];
  readonly metadata: AppendMetadata;
}
const append: fc.Arbitrary<Told> = fc.record({
  stream: fc.constantFrom('vehicle-1-A', 'vehicle-2-B', 'campaign-ü', 'fleet'),
  events: fc.array(event, { minLength: 1, maxLength: 5 }),
  metadata,
});
/** After how many calls a run is cut off, and whether the last one took effect. */
const cut = fc.record({ calls: fc.nat({ max: 6 }), tookEffect: fc.boolean() });
const story = fc.record({
  appends: fc.array(append, { minLength: 1, maxLength: 14 }),
  cuts: fc.array(cut, { maxLength: 4 }),
});

class Cut extends Error {}

function cutOff(store: EventStore, { calls, tookEffect }: { calls: number; tookEffect: boolean }) {
  let left = calls;
  return {
    appends: (after?: string) => store.appends(after),
    async append(requests: Parameters<EventStore['append']>[0]) {
      left -= 1;
      if (left >= 0) return store.append(requests);
      if (tookEffect) await store.append(requests);
      throw new Cut();
    },
  };
}

async function fill(store: EventStore, { appends }: { readonly appends: readonly Told[] }) {
  const ends = new Map<string, number>();
  for (const { stream, ...rest } of appends) {
    const expectedRevision = ends.get(stream) ?? -1;
    await store.append([{ stream, expectedRevision, ...rest }]);
    ends.set(stream, expectedRevision + rest.events.length);
  }
}

describe.each<[Kind, Kind, number]>([
  ['memory', 'memory', 300],
  ['memory', 'sqlite', 12],
  ['sqlite', 'sqlite', 6],
  ['sqlite', 'eventstoredb', 12],
  ['eventstoredb', 'sqlite', 8],
  ['eventstoredb', 'eventstoredb', 6],
])('a log copied from %s to %s', (from, to, numRuns) => {
  it('is equal, wherever the copy was cut off before', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        await using source = await openers[from]();
        await using target = await openers[to]();
        await fill(source.store, told);
        for (const one of told.cuts)
          await copyLog({
            source: source.store,
            target: cutOff(target.store, one),
            perCall: PER_CALL[to],
          }).catch((error: unknown) => {
            if (!(error instanceof Cut)) throw error;
          });
        const until = await source.store.head();
        const { held, copied } = await copyLog({
          source: source.store,
          target: target.store,
          perCall: PER_CALL[to],
        });
        expect(held + copied).toBe(told.appends.length);
        const comparison = await compareLogs(source.store, target.store, { until });
        expect(comparison.differences).toEqual([]);
        expect(agrees(comparison)).toBe(true);
        expect(comparison.target).toEqual(comparison.source);
        expect(await verify(target.store)).toMatchObject({
          appends: told.appends.length,
          streams: comparison.source.streams,
          problems: [],
        });
      }),
      { numRuns },
    );
  });
});

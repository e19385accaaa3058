import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import type {
  Document,
  EventBatch,
  EventStore,
  NewEvent,
  Position,
  Projection,
  ReadModelWriter,
} from '../../src/app/ports.ts';
import { START } from '../../src/app/ports.ts';
import {
  checkpointName,
  type Projector,
  type ProjectorDeps,
  rebuildProjection,
  startProjector,
} from '../../src/app/projector.ts';

const metadata = {
  actor: { kind: 'system' as const, id: 'test' },
  time: '2027-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: null,
  source: 'system',
};

/** Counts the events of each stream. */
const counting = (name = 'counting', version = 1, prefixes: readonly string[] = ['fleet']): Projection => ({
  name,
  version,
  prefixes,
  collections: [{ name: `${name}-counts`, indexes: [] }],
  keys: ({ recorded }) => [{ collection: `${name}-counts`, id: recorded.stream }],
  apply: ({ recorded }, documents) => {
    const before = documents.get<Document & { count: number }>(`${name}-counts`, recorded.stream);
    documents.put(`${name}-counts`, { id: recorded.stream, count: (before?.count ?? 0) + 1 });
  },
});

describe('projector', () => {
  let store: EventStore;
  let writer: ReadModelWriter;
  let revision: number;
  let running: Projector[];
  beforeEach(() => {
    store = createMemoryEventStore();
    writer = createMemoryReadModel();
    revision = -1;
    running = [];
  });
  afterEach(async () => {
    for (const projector of running) await projector.stop();
    await store.close();
  });

  const limits = { offersPerMinute: null, maxInFlight: null, by: 'ada' };
  const event = (type = 'FleetLimitsSet'): NewEvent => {
    const id = `00000000-0000-7000-8000-${String(revision + 2).padStart(12, '0')}`;
    return { id, type, schemaVersion: 1, data: limits };
  };
  async function append(type?: string): Promise<Position> {
    const [result] = await store.append([
      { stream: 'fleet', expectedRevision: revision, events: [event(type)], metadata },
    ]);
    revision += 1;
    if (result?.status !== 'appended') throw new Error('not appended');
    return result.position;
  }

  /** Runs until the position, or an error; gives back the error. */
  async function runTo(position: Position, deps: Partial<ProjectorDeps> = {}): Promise<unknown> {
    let end = (_error: unknown): void => {};
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    const projector = await startProjector({
      log: store,
      writer,
      projections: [counting()],
      onError: end,
      onMoved: (reached) => {
        if (reached >= position) end(null);
      },
      ...deps,
    });
    running.push(projector);
    const error = await ended;
    await projector.stop();
    return error;
  }
  const count = async (name = 'counting') =>
    (await writer.get<Document>(`${name}-counts`, 'fleet'))?.['count'];

  it('folds the log, marks each document with its last event, and goes on where it stopped', async () => {
    await append();
    expect(await runTo(await append())).toBeNull();
    expect(await count()).toBe(2);
    const last = await append();
    expect(await runTo(last)).toBeNull();
    expect(await writer.get('counting-counts', 'fleet')).toEqual({
      id: 'fleet',
      count: 3,
      position: last,
      eventId: '00000000-0000-7000-8000-000000000003',
    });
  });

  it('moves checkpoints over events of other streams', async () => {
    const last = await append();
    expect(await runTo(last, { projections: [counting('vehicles-only', 1, ['vehicle-'])] })).toBeNull();
    expect(await writer.checkpoint('vehicles-only@1')).toBe(last);
    expect(await count('vehicles-only')).toBeUndefined();
  });

  it('folds what one projection has and another does not have yet', async () => {
    await append();
    await runTo(await append());
    const last = await append();
    await runTo(last, { projections: [counting(), counting('late')] });
    expect([await count(), await count('late')]).toEqual([3, 3]);
  });

  it('folds anew what it folded of a log that was put back to an older copy', async () => {
    for (let n = 0; n < 5; n++) await append();
    await runTo(await append());
    expect(await count()).toBe(6);
    await store.close();
    store = createMemoryEventStore();
    revision = -1;
    await append();
    expect(await runTo(await append())).toBeNull();
    expect(await count()).toBe(2);
    await runTo(await append());
    expect(await count()).toBe(3);
  });

  it('folds anew when the log was moved to an engine with other positions', async () => {
    const moved = (position: Position): Position => (position === START ? START : `${position}-elsewhere`);
    await append();
    await runTo(await append());
    const { readAll, subscribe } = store;
    const back = (position: Position): Position => position.replace('-elsewhere', '');
    store.readAll = async function* (options = {}) {
      for await (const batch of readAll.call(store, { ...options, after: back(options.after ?? START) }))
        yield elsewhere(batch);
    };
    store.subscribe = (options) =>
      subscribe.call(store, {
        ...options,
        after: back(options.after ?? START),
        onBatch: (batch) => options.onBatch({ ...elsewhere(batch), live: batch.live }),
      });
    const head = store.head.bind(store);
    store.head = async () => moved(await head());
    const elsewhere = ({ events, position }: EventBatch): EventBatch => ({
      events: events.map((one) => ({ ...one, position: moved(one.position) })),
      position: moved(position),
    });
    expect(await runTo(moved(await append()))).toBeNull();
    expect(await count()).toBe(3);
    expect(await writer.checkpoint('counting@1')).toBe(await store.head());
  });

  it('begins anew for another version', async () => {
    await append();
    await runTo(await append());
    await runTo(await append(), { projections: [counting('counting', 2)] });
    expect(await count()).toBe(3);
  });

  it('skips and counts events of types that it does not know', async () => {
    await append('OfTheFuture');
    const last = await append();
    await runTo(last);
    expect(running[0]?.skipped()).toBe(1);
    expect(await count()).toBe(1);
    expect(await writer.checkpoint('counting@1')).toBe(last);
  });

  it('shows everything from the beginning to what is kept in memory only', async () => {
    await append();
    await runTo(await append());
    const last = await append();
    const seen: EventBatch[] = [];
    await runTo(last, { onBatch: (batch) => seen.push(batch) });
    expect(seen.flatMap(({ events }) => events.map((one) => one.revision))).toEqual([0, 1, 2]);
    expect(await count()).toBe(3);
  });

  it('reports a write that fails and leaves what is stored; the next run folds it once', async () => {
    await append();
    await runTo(await append());
    const last = await append();
    const full = Object.assign(Object.create(writer) as ReadModelWriter, {
      write: () => Promise.reject(new Error('disk full')),
      prepare: writer.prepare.bind(writer),
      checkpoint: writer.checkpoint.bind(writer),
      getMany: writer.getMany.bind(writer),
    });
    expect(await runTo(last, { writer: full })).toEqual(new Error('disk full'));
    expect(await count()).toBe(2);
    expect(await runTo(last)).toBeNull();
    expect(await count()).toBe(3);
  });

  it('refuses a projection that looks at what it did not name', async () => {
    const last = await append();
    const error = await runTo(last, { projections: [{ ...counting(), keys: () => [] }] });
    expect(String(error)).toContain('counting looks at counting-counts/fleet without naming it');
  });

  it('keeps the old documents when a rebuild fails, and swaps them when it does not', async () => {
    await append();
    const last = await append();
    await runTo(last);
    const broken: Projection = {
      ...counting(),
      apply: () => {
        throw new Error('broken');
      },
    };
    await expect(rebuildProjection({ log: store, writer }, broken)).rejects.toThrow('broken');
    expect(await count()).toBe(2);
    expect(await rebuildProjection({ log: store, writer }, counting())).toBe(2);
    expect(await count()).toBe(2);
    expect(await writer.checkpoint(checkpointName(counting()))).toBe(last);
  });

  it('rebuilds until it is past what a projector at work serves meanwhile', async () => {
    await append();
    await runTo(await append());
    const served: Position[] = [];
    const { readAll } = store;
    let more = 2;
    const log = {
      readAll: async function* (options: Parameters<EventStore['readAll']>[0]) {
        yield* readAll.call(store, options);
        if (more === 0) return;
        more -= 1;
        served.push(await append());
        await runTo(served.at(-1) ?? START);
      },
    };
    await rebuildProjection({ log, writer }, counting());
    expect(served).toHaveLength(2);
    expect(await writer.checkpoint('counting@1')).toBe(served[1]);
    expect(await count()).toBe(4);
  });

  it('does not follow for ever a projector that moves on all the time', async () => {
    await runTo(await append());
    let rounds = 0;
    const { readAll } = store;
    const log = {
      readAll: async function* (options: Parameters<EventStore['readAll']>[0]) {
        rounds += 1;
        yield* readAll.call(store, options);
        await runTo(await append());
      },
    };
    await rebuildProjection({ log, writer }, counting());
    expect(rounds).toBe(5);
    await runTo(await append());
    expect(await count()).toBe(rounds + 2);
  });

  it('rebuilds from an empty log', async () => {
    expect(await rebuildProjection({ log: store, writer }, counting())).toBe(0);
    expect(await writer.checkpoint(checkpointName(counting()))).toBe(START);
  });
});

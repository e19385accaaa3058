/** B1: durable appends of one event each, spread over very many streams, by many callers at once. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { growthChannel } from '../src/adapters/event-store/sqlite/growth.ts';
import { openSqliteEventStore } from '../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import type { AppendMetadata, AppendRequest, EventStore } from '../src/app/ports.ts';
import { vehicleStream } from '../src/domain/shared/streams.ts';
import { BareLog, type BareRow } from './baselines/bare-append.ts';
import { defineBenchmark, median } from './benchmark.ts';

const metadata: AppendMetadata = {
  actor: { kind: 'vehicle', id: 'WFW00000000000000' },
  time: '2026-03-01T10:00:00.000Z',
  correlationId: randomUUID(),
  causationId: null,
  source: 'worker',
};

const vin = (stream: number): string => `WFW${String(stream).padStart(14, '0')}`;
const dataOf = (stream: number, revision: number) => ({
  vehicleId: vin(stream),
  source: 'ota',
  ecus: [{ type: 'TCM', position: '', hardware: { part: 'A1', version: '3' }, software: `2.${revision}.0` }],
});

/** Visits 0..count-1 in an order that jumps about, as vehicles report: a step that shares no factor with count. */
function* scattered(count: number): Generator<number> {
  const step = Math.max(1, Math.floor(count * 0.618)) | 1;
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let stride = step;
  while (gcd(stride, count) !== 1) stride += 2;
  for (let n = 0; n < count; n++) yield (n * stride) % count;
}

interface Slice {
  readonly revision: number;
  readonly streams: readonly number[];
}

function* slicesOf(streams: number, rounds: number, size: number): Generator<Slice> {
  for (let revision = 0; revision < rounds; revision++) {
    let slice: number[] = [];
    for (const stream of scattered(streams)) {
      slice.push(stream);
      if (slice.length === size) {
        yield { revision, streams: slice };
        slice = [];
      }
    }
    if (slice.length > 0) yield { revision, streams: slice };
  }
}

/** Appends a slice through the store by several callers. @returns seconds. */
async function throughStore(
  store: EventStore,
  slice: Slice,
  callers: number,
  batch: number,
): Promise<number> {
  let next = 0;
  const requestOf = (stream: number): AppendRequest => ({
    stream: vehicleStream(vin(stream)),
    expectedRevision: slice.revision - 1,
    events: [
      {
        id: randomUUID(),
        type: 'InventoryReported',
        schemaVersion: 1,
        data: dataOf(stream, slice.revision),
      },
    ],
    metadata,
  });
  const caller = async (): Promise<void> => {
    while (next < slice.streams.length) {
      const mine = slice.streams.slice(next, next + batch);
      next += batch;
      const results = await store.append(mine.map(requestOf));
      if (results.some(({ status }) => status !== 'appended')) throw new Error('an append was refused');
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return (performance.now() - started) / 1000;
}

/** Writes the same rows bare. @returns seconds of making the rows (ids and JSON), and of the database alone. */
function bare(
  log: BareLog,
  slice: Slice,
  transaction: number,
  ids: Map<number, number>,
): { readonly making: number; readonly writing: number } {
  const begun = performance.now();
  const text = JSON.stringify(metadata);
  const rows = slice.streams.map((stream): BareRow => {
    const data = dataOf(stream, slice.revision);
    const body = JSON.stringify([{ id: randomUUID(), type: 'InventoryReported', v: 1, data }]);
    const { revision } = slice;
    // Numbered in the order of their first appends, as the store does: neighbours in time share pages.
    const streamId = ids.get(stream) ?? ids.size + 1;
    ids.set(stream, streamId);
    return { streamId, stream: vehicleStream(vin(stream)), revision, metadata: text, body };
  });
  const started = performance.now();
  for (let at = 0; at < rows.length; at += transaction) log.commit(rows.slice(at, at + transaction));
  return { making: (started - begun) / 1000, writing: (performance.now() - started) / 1000 };
}

export const benchmark = defineBenchmark({
  title: 'durable append across many streams, group commit',
  options: {
    streams: { description: 'streams appended to (1000000 for the figure of record)', default: 200_000 },
    rounds: { description: 'appends per stream', default: 2 },
    callers: { description: 'callers at once, each waiting for its answer', default: 64 },
    batch: { description: 'appends per call', default: 32 },
  },
  async run({ streams, rounds, callers, batch }, progress) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b1-'));
    const path = join(directory, 'log.db');
    const store = await openSqliteEventStore({ path });
    const log = new BareLog(join(directory, 'bare.db'));
    const growth = new BroadcastChannel(growthChannel(path));
    const ids = new Map<number, number>();
    let commits = 0;
    growth.onmessage = () => {
      commits += 1;
    };
    try {
      const ratios: number[] = [];
      let [appends, ours, theirs, made, transactions] = [0, 0, 0, 0, 0];
      // In turns, so that whatever else the machine does hits both alike.
      for (const slice of slicesOf(streams, rounds, 50_000)) {
        const size = slice.streams.length;
        const before = commits;
        const seconds = await throughStore(store, slice, callers, batch);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const groups = Math.max(1, commits - before);
        const { making, writing } = bare(log, slice, Math.ceil(size / groups), ids);
        appends += size;
        ours += seconds;
        theirs += writing;
        made += making;
        transactions += groups;
        ratios.push(writing / seconds);
        progress(`${appends}: ${Math.round(size / seconds)}/s, bare ${Math.round(size / writing)}/s`);
      }
      return {
        figures: [
          { name: 'appends', value: appends, unit: `across ${streams} streams` },
          { name: 'event store', value: appends / ours, unit: 'appends/s' },
          { name: 'bare node:sqlite loop', value: appends / theirs, unit: 'appends/s' },
          { name: 'the same, making its rows', value: appends / (theirs + made), unit: 'appends/s' },
          { name: 'appends per commit', value: appends / transactions, unit: 'both' },
        ],
        ratios: [
          { name: 'event store / bare loop (all)', value: theirs / ours, goal: 0.8 },
          { name: 'event store / bare loop making its rows', value: (theirs + made) / ours, goal: 0.8 },
          { name: 'event store / bare loop (median slice)', value: median(ratios), goal: 0.8 },
        ],
        notes: [
          'Same rows, indexes, pragmas (WAL, synchronous=FULL) and transaction size; slices in turns.',
          'The bare loop has no hash chain, revision check or threads; its rows exist beforehand unless said otherwise.',
          'The event store is timed with everything, also making the requests; it uses two threads, so a busy machine hits it harder.',
        ],
      };
    } finally {
      growth.close();
      log.close();
      await store.close();
      await rm(directory, { recursive: true });
    }
  },
});

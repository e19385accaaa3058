/** B8: what vehicles report with QoS 1, from the MQTT socket through broker, queue and shard worker to durable events. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BroadcastChannel } from 'node:worker_threads';
import { systemClock } from '../src/adapters/clock/system-clock.ts';
import { growthChannel } from '../src/adapters/event-store/sqlite/growth.ts';
import { openSqliteEventStore } from '../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { createInProcessFeedback } from '../src/adapters/feedback/in-process/in-process-feedback.ts';
import { keyRingOf } from '../src/adapters/keys/file/key-ring.ts';
import { createKeyWrapper } from '../src/adapters/keys/file/key-wrapper.ts';
import { startEmbeddedBroker } from '../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import { createGrantBuilder } from '../src/app/artifacts/grant-builder.ts';
import type { DownMessage, EventStore } from '../src/app/ports.ts';
import { createShardWorker } from '../src/app/rollout/shard-worker.ts';
import { createLinkHandlers } from '../src/app/vehicle-link/link-handlers.ts';
import { createPresenceTable } from '../src/app/vehicle-link/presence-table.ts';
import { SHARD_COUNT } from '../src/domain/shared/shard.ts';
import { BareLog, type BareRow } from './baselines/bare-append.ts';
import { startRawBroker } from './baselines/raw-broker.ts';
import { defineBenchmark, median } from './benchmark.ts';
import { type PublishLoad, type PublishResult, publishAll } from './support/qos1-publishers.ts';
import { digestOf, reportsOf, seedCampaign } from './support/running-campaign.ts';

const fail = (error: unknown): never => {
  throw error;
};
const ring = () => keyRingOf(randomBytes(32).toString('base64'), 'bench');

/** The engine of the embedded server, without HTTP and read models. */
async function startEngine(store: EventStore, wrapper: ReturnType<typeof createKeyWrapper>) {
  const feedback = createInProcessFeedback({ shards: SHARD_COUNT });
  let send = async (_messages: readonly DownMessage[]): Promise<void> => undefined;
  const tokenKeys = ring();
  const base = { store, wrapper, tokenKeys, valid_s: 3600, now: Date.now };
  const worker = createShardWorker({
    store,
    link: { send: (messages) => send(messages) },
    grants: createGrantBuilder({ ...base, contentBase: () => 'http://127.0.0.1:7400' }),
    clock: systemClock,
    watermark: (shard) => feedback.watermark(shard),
    newId: randomUUID,
    digest: digestOf,
    worker: 'bench',
    timeoutGrace_ms: 3_600_000,
    onFenced: (shard) => fail(new Error(`shard ${shard} was fenced`)),
    onError: fail,
  });
  worker.start();
  await feedback.start(worker);
  const broker = await startEmbeddedBroker({
    host: '127.0.0.1',
    port: 0,
    onError: fail,
    handlers: createLinkHandlers({
      authenticate: async () => true,
      render: (vehicleId, topic) => worker.render(vehicleId, topic),
      feedback,
      presence: createPresenceTable(),
    }),
  });
  send = broker.send;
  return {
    port: broker.port,
    worker,
    async stop() {
      await broker.stop();
      await feedback.stop();
      await worker.stop();
    },
  };
}

/** The rows that the run made, as they are in the log. */
function rowsAfter(path: string, position: string): { rows: BareRow[]; events: number } {
  const db = new DatabaseSync(path, { readOnly: true });
  const found = db
    .prepare(
      `SELECT a.stream_id, a.count, s.name, a.metadata, a.body FROM appends a
       JOIN streams s ON s.id = a.stream_id WHERE a.position > ? ORDER BY a.position`,
    )
    .all(Number.parseInt(position || '0', 16));
  db.close();
  const seen = new Map<number, number>();
  const rows = found.map((row) => {
    const streamId = Number(row['stream_id']);
    const revision = seen.get(streamId) ?? 0;
    seen.set(streamId, revision + 1);
    const [stream, metadata, body] = [row['name'], row['metadata'], row['body']].map(String);
    return { streamId, revision, stream: stream ?? '', metadata: metadata ?? '', body: body ?? '' };
  });
  return { rows, events: found.reduce((sum, row) => sum + Number(row['count']), 0) };
}

interface EngineRun {
  readonly result: PublishResult;
  readonly rows: readonly BareRow[];
  readonly events: number;
  readonly commits: number;
}

async function throughEngine(
  directory: string,
  vehicles: number,
  window: number,
  progress: (line: string) => void,
): Promise<EngineRun & { readonly load: Omit<PublishLoad, 'port'> }> {
  const path = join(directory, 'log.db');
  const store = await openSqliteEventStore({ path });
  const wrapper = createKeyWrapper(ring());
  const { vehicleIds, manifestDigest } = await seedCampaign(store, wrapper, vehicles);
  const load = {
    window,
    vehicles: vehicleIds.map((vehicleId) => ({
      vehicleId,
      password: 'bench',
      messages: reportsOf(vehicleId, manifestDigest),
    })),
  };
  const engine = await startEngine(store, wrapper);
  const growth = new BroadcastChannel(growthChannel(path));
  try {
    while (engine.worker.metrics.offers < vehicles) {
      progress(`${engine.worker.metrics.offers} of ${vehicles} offered`);
      await systemClock.sleep(200);
    }
    const head = await store.head();
    let commits = 0;
    growth.onmessage = () => {
      commits += 1;
    };
    const result = await publishAll({ ...load, port: engine.port });
    await systemClock.sleep(50);
    const { setAside, deadLetters } = engine.worker.metrics;
    if (Object.keys({ ...setAside, ...deadLetters }).length > 0)
      throw new Error(`messages without event: ${JSON.stringify({ setAside, deadLetters })}`);
    return { ...rowsAfter(path, head), result, commits, load };
  } finally {
    growth.close();
    await engine.stop();
    await store.close();
  }
}

async function throughRawBroker(load: Omit<PublishLoad, 'port'>): Promise<PublishResult> {
  const broker = await startRawBroker();
  try {
    return await publishAll({ ...load, port: broker.port });
  } finally {
    await broker.stop();
  }
}

/** @returns seconds. */
function throughBareLog(directory: string, rows: readonly BareRow[], transaction: number): number {
  const log = new BareLog(join(directory, 'bare.db'));
  const started = performance.now();
  for (let at = 0; at < rows.length; at += transaction) log.commit(rows.slice(at, at + transaction));
  const seconds = (performance.now() - started) / 1000;
  log.close();
  return seconds;
}

interface Round {
  /** Messages and events per second. */
  readonly ours: number;
  readonly broker: number;
  readonly append: number;
  readonly perAppend: number;
  readonly perCommit: number;
}

async function oneRound(
  directory: string,
  vehicles: number,
  window: number,
  progress: (line: string) => void,
): Promise<Round> {
  const run = await throughEngine(directory, vehicles, window, progress);
  const { result, rows, events, load } = run;
  if (events < result.messages) throw new Error(`${events} events of ${result.messages} messages`);
  const commits = Math.max(1, run.commits);
  const raw = await throughRawBroker(load);
  const bare_s = throughBareLog(directory, rows, Math.ceil(rows.length / commits));
  const round = {
    ours: result.messages / result.seconds,
    broker: raw.messages / raw.seconds,
    append: events / bare_s,
    perAppend: events / rows.length,
    perCommit: rows.length / commits,
  };
  progress(
    `${Math.round(round.ours)}/s, aedes ${Math.round(round.broker)}/s, bare ${Math.round(round.append)}/s`,
  );
  return round;
}

export const benchmark = defineBenchmark({
  title: 'QoS 1 feedback to durable event',
  options: {
    vehicles: { description: 'vehicles, each with its connection and six messages', default: 4000 },
    window: { description: 'messages of a vehicle that wait for their PUBACK', default: 6 },
    runs: { description: 'times that all three are measured', default: 3 },
  },
  async run({ vehicles, window, runs }, progress) {
    const rounds: Round[] = [];
    // In turns, so that whatever else the machine does hits all alike.
    for (let run = 0; run < runs; run++) {
      const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b8-'));
      try {
        rounds.push(await oneRound(directory, vehicles, window, progress));
      } finally {
        await rm(directory, { recursive: true });
      }
    }
    const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
    return {
      figures: [
        { name: 'messages', value: vehicles * 6, unit: `of ${vehicles} vehicles, ${runs} times; medians` },
        { name: 'Fleetwave', value: of(({ ours }) => ours), unit: 'messages/s to PUBACK' },
        { name: 'aedes alone', value: of(({ broker }) => broker), unit: 'messages/s to PUBACK' },
        { name: 'bare node:sqlite loop', value: of(({ append }) => append), unit: 'events/s' },
        { name: 'events per append', value: of(({ perAppend }) => perAppend), unit: 'both' },
        { name: 'appends per commit', value: of(({ perCommit }) => perCommit), unit: 'both' },
      ],
      ratios: [
        {
          name: 'Fleetwave / the lower of the two',
          value: of(({ ours, broker, append }) => ours / Math.min(broker, append)),
          goal: 0.5,
        },
      ],
      notes: [
        'Same load on its own thread: aedes acknowledges at once, Fleetwave when the event is durable.',
        'Vehicles subscribe to receipts and grants, which Fleetwave sends too and aedes alone does not.',
        'The bare loop writes the very rows of the run in transactions of the same mean size.',
      ],
    };
  },
});

/** Every engine fails while a campaign runs: killed, its data or its answers lost, unreachable for half a minute. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cutAppend,
  type Fault,
  killEngine,
  loseReadModels,
  mixRecords,
  wipeMosquitto,
} from '../../../scripts/chaos/faults.ts';
import { openWorld, type Proof, type World } from '../../../scripts/chaos/world.ts';
import { PROCESSES, type ProcessName } from '../../../src/demo/cluster.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import { untilTrue } from '../support/wait.ts';

const SEED = 40_002;
const STORY_MS = 900_000;
const RECOVER_MS = 90_000;
const AWAY_MS = 30_000;
/** Of one process, while what it needs is away: bounded, whatever waits. */
const MEMORY_LIMIT_BYTES = 700 * 1024 * 1024;
const PAGE_BYTES = 4096;

/** Who notices that it is away, by which metric, and how its log names it. */
const NOTICED = {
  kafka: { by: 'bridge', metric: 'engine_kafka_up', names: /Kafka .*can't be reached/ },
  documents: { by: 'api', metric: 'engine_read_models_up', names: /MongoDB|read models/i },
  mosquitto: { by: 'bridge', metric: 'engine_mqtt_up', names: /MQTT .*no connection/ },
  'eventstore-double': {
    by: 'gatekeeper',
    metric: 'engine_event_log_up',
    names: /EventStoreDB|event store/i,
  },
} as const satisfies Record<string, { by: ProcessName; metric: string; names: RegExp }>;
type Engine = keyof typeof NOTICED;

let world: World;
let proof: Proof;
const noticed = new Map<Engine, { readonly down: boolean; readonly up: boolean; readonly log: string }>();
const pids = new Map<ProcessName, number | undefined>();
let most_bytes = 0;

const memoryOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;

async function metric(engine: Engine): Promise<number | null> {
  const { by, metric: name } = NOTICED[engine];
  const text = await fetch(`${world.cluster.addressOf(by)}/metrics`).then((answer) => answer.text());
  const line = text.split('\n').find((one) => one.startsWith(`fleetwave_${name} `));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(' ') + 1));
}

async function recovered(before: string | null): Promise<void> {
  await untilTrue(
    'the log to move on',
    async () => {
      const now = await world.head();
      return now !== null && now !== before;
    },
    RECOVER_MS,
  );
}

async function inflict(fault: Fault): Promise<void> {
  await fault.inflict(world, createRandom(SEED));
  await recovered(await world.head());
}

/** Away for half a minute, watched by those who need it. */
async function unreachable(...engines: readonly Engine[]): Promise<void> {
  const inflicted = Promise.all(
    engines.map((engine) => killEngine(engine, AWAY_MS).inflict(world, createRandom(SEED))),
  );
  const down = new Set<Engine>();
  const watching = setInterval(() => {
    for (const { process } of world.cluster.processes.values())
      if (process.pid !== undefined) most_bytes = Math.max(most_bytes, memoryOf(process.pid));
    for (const engine of engines)
      metric(engine).then(
        (value) => value === 0 && down.add(engine),
        () => undefined,
      );
  }, 1000);
  await inflicted;
  clearInterval(watching);
  await recovered(await world.head());
  for (const engine of engines) {
    await untilTrue(`${engine} to be seen again`, async () => (await metric(engine)) === 1, RECOVER_MS);
    const log = readFileSync(world.workspace.file(`${NOTICED[engine].by}.log`), 'utf8');
    noticed.set(engine, { down: down.has(engine), up: true, log });
  }
}

beforeAll(async () => {
  world = await openWorld({
    vehicles: 1000,
    seed: SEED,
    campaign_s: 240,
    say: () => undefined,
    keep: process.env['KEEP_E2E'],
  });
  for (const [name, { process }] of world.cluster.processes) pids.set(name, process.pid);
  await inflict(cutAppend);
  await inflict(mixRecords);
  await inflict(killEngine('kafka', 500));
  await inflict(wipeMosquitto(500));
  await inflict(killEngine('documents', 500));
  await inflict(loseReadModels);
  await inflict(killEngine('eventstore-double', 500));
  await unreachable('kafka', 'documents');
  await unreachable('mosquitto', 'eventstore-double');
  proof = await world.prove();
}, STORY_MS);

afterAll(() => world?.close(), 60_000);

describe('a deployment whose engines fail', () => {
  it('goes on by itself: no process has ended', () => {
    for (const name of PROCESSES) {
      const child = world.cluster.processes.get(name);
      expect(child?.process.pid, name).toBe(pids.get(name));
      expect(child?.process.exitCode, name).toBeNull();
    }
  });

  it.each(Object.keys(NOTICED) as Engine[])(
    'says that %s is away, in its log and by a metric, and that it is back',
    (engine) => {
      expect(noticed.get(engine)).toMatchObject({ down: true, up: true });
      expect(noticed.get(engine)?.log).toMatch(NOTICED[engine].names);
    },
  );

  it('keeps its memory bounded meanwhile', () => {
    expect(most_bytes).toBeGreaterThan(0);
    expect(most_bytes).toBeLessThan(MEMORY_LIMIT_BYTES);
  });

  it('loses nothing and counts nothing twice: all accounts agree', () => {
    expect(proof).toEqual({ state: 'completed', lost: 0, countedTwice: 0, complaints: [] });
  });
});

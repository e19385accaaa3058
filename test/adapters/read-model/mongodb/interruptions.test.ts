/** A batch counts once, wherever its writer is cut off, stopped or left without an answer. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../../src/adapters/read-model/memory/memory-read-model.ts';
import { Connection } from '../../../../src/adapters/read-model/mongodb/connection.ts';
import { MongoWriter } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import {
  type Document,
  type Position,
  ReadModelFencedError,
  type ReadModelWriter,
} from '../../../../src/app/ports.ts';
import { freshDatabase, servers } from './databases.ts';
import { Crash, type Fault, withFault, withPause } from './faults.ts';

const collections = [
  { name: 'counts', indexes: ['parity'] },
  { name: 'members', indexes: [] },
];
const PROJECTION = 'numbers@1';
const at = (n: number): Position => n.toString(16).padStart(16, '0');

interface Count extends Document {
  readonly n: number;
  readonly parity: number;
}

/** An event: one is counted under a name, or a name is forgotten. */
interface Event {
  readonly kind: 'count' | 'forget';
  readonly name: string;
}
type Log = readonly (readonly Event[])[];

/** Folds one batch as the projector does: reads what is stored, adds to it, writes. Twice would count twice. */
async function fold(writer: ReadModelWriter, events: readonly Event[], first: number): Promise<void> {
  const names = [...new Set(events.map(({ name }) => name))];
  const stored = await writer.getMany<Count>('counts', names);
  const counts = new Map(names.map((name, index) => [name, stored[index] ?? null]));
  const deleted = new Set<string>();
  for (const [index, { kind, name }] of events.entries()) {
    const before = counts.get(name) ?? null;
    if (kind === 'forget') {
      counts.set(name, null);
      deleted.add(name);
      continue;
    }
    const n = (before?.n ?? 0) + 1;
    deleted.delete(name);
    counts.set(name, {
      id: name,
      n,
      parity: n % 2,
      position: at(first + index),
      eventId: `e${first + index}`,
    });
  }
  const puts = [...counts.values()].filter((count) => count !== null);
  await writer.write(PROJECTION, {
    puts: puts.flatMap((count) => [
      { ...count, collection: 'counts' },
      { id: count.id, position: count.position ?? '', last: count.n, collection: 'members' },
    ]),
    deletes: [...deleted].flatMap((id) => ['counts', 'members'].map((collection) => ({ collection, id }))),
    checkpoint: at(first + Math.max(events.length, 1) - 1),
  });
}

/** Where each batch begins. */
const firsts = (log: Log): number[] => {
  let next = 1;
  return log.map((events) => {
    const first = next;
    next += Math.max(events.length, 1);
    return first;
  });
};

/** Folds what the checkpoint says is missing. */
async function foldAll(writer: ReadModelWriter, log: Log): Promise<void> {
  const checkpoint = await writer.checkpoint(PROJECTION);
  const begins = firsts(log);
  for (const [index, events] of log.entries())
    if (at(begins[index] ?? 0) > checkpoint) await fold(writer, events, begins[index] ?? 0);
}

async function stateOf(writer: ReadModelWriter): Promise<string> {
  const lines = [await writer.checkpoint(PROJECTION)];
  for (const { name } of collections)
    for await (const document of writer.dump(name)) lines.push(`${name} ${JSON.stringify(document)}`);
  return lines.join('\n');
}

/** What is to be there after each batch, by checkpoint. */
async function statesOf(log: Log): Promise<{ states: Map<Position, string>; end: string }> {
  const writer = createMemoryReadModel();
  await writer.prepare(PROJECTION, collections);
  const states = new Map([['', await stateOf(writer)]]);
  for (let batches = 1; batches <= log.length; batches++) {
    await foldAll(writer, log.slice(0, batches));
    states.set(await writer.checkpoint(PROJECTION), await stateOf(writer));
  }
  return { states, end: await stateOf(writer) };
}

const count = (name: string): Event => ({ kind: 'count', name });
const forget = (name: string): Event => ({ kind: 'forget', name });
const LOG: Log = [
  [count('a'), count('b'), count('a'), count('c')],
  [],
  [forget('a'), count('b'), count('d')],
  [count('a'), forget('c'), count('d'), forget('never')],
  [forget('d'), count('e'), forget('b')],
];

describe.each(servers)('a projector on $name that is interrupted', (server) => {
  let url: string;
  const open: Connection[] = [];
  beforeAll(async () => {
    url = await server.url();
  });
  afterAll(async () => {
    for (const connection of open) await connection.close();
  });

  const connect = async (database: string): Promise<Connection> => {
    const connection = await Connection.open({ url: database, log: () => {}, retry_ms: 10_000 });
    open.push(connection);
    return connection;
  };

  /** Runs with a fault; then a new writer takes over: it finds whole batches, and goes on to the end. */
  async function runWith(log: Log, fault: Fault, step: number): Promise<boolean> {
    const { states, end } = await statesOf(log);
    const connection = await connect(freshDatabase(url));
    const faulty = withFault(connection, { step, fault });
    const first = new MongoWriter(faulty.connection);
    const work = async (): Promise<void> => {
      await first.prepare(PROJECTION, collections);
      await foldAll(first, log);
    };
    await work().catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
    const second = new MongoWriter(connection);
    await second.prepare(PROJECTION, collections);
    expect(await stateOf(second)).toBe(states.get(await second.checkpoint(PROJECTION)));
    await foldAll(second, log);
    expect(await stateOf(second)).toBe(end);
    await connection.db.dropDatabase();
    return faulty.steps() > step;
  }

  for (const fault of ['before', 'after', 'half', 'lost'] as const)
    it(`counts every batch once: cut off at every step (${fault})`, { timeout: 120_000 }, async () => {
      let step = 0;
      while (await runWith(LOG, fault, step)) step++;
      // Preparing and five batches: if there were fewer steps, the faults were not where they should be.
      expect(step).toBeGreaterThan(20);
    });

  it('counts every batch once, whatever the batches are', { timeout: 120_000 }, async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e.$x');
    const event = fc.record({ kind: fc.constantFrom<Event['kind']>('count', 'count', 'forget'), name });
    const logs = fc.array(fc.array(event, { maxLength: 6 }), { minLength: 1, maxLength: 5 });
    const faults = fc.constantFrom<Fault>('before', 'after', 'half', 'lost');
    await fc.assert(
      fc.asyncProperty(logs, faults, fc.nat(40), async (log, fault, step) => {
        await runWith(log, fault, step);
      }),
      { numRuns: 60 },
    );
  });

  for (const folded of [0, LOG.length])
    it(`is fenced when it wakes up after another has taken over and folded ${folded} batches`, {
      timeout: 120_000,
    }, async () => {
      let step = 0;
      while (await wakesUpAt(step, LOG.slice(0, folded))) step++;
      expect(step).toBeGreaterThan(15);
    });

  /** Stops a projector before that write until another has taken over and folded the log. False: it ended before. */
  async function wakesUpAt(step: number, log: Log): Promise<boolean> {
    const { states, end } = await statesOf(LOG);
    const connection = await connect(freshDatabase(url));
    const earlier = new MongoWriter(connection);
    await earlier.prepare(PROJECTION, collections);
    await foldAll(earlier, LOG.slice(0, 1));
    const paused = withPause(connection, step);
    const sleeper = new MongoWriter(paused.connection);
    let prepared = false;
    const work = async (): Promise<void> => {
      await sleeper.prepare(PROJECTION, collections);
      prepared = true;
      await foldAll(sleeper, LOG);
    };
    const outcome = work().then(
      () => 'done',
      (error: unknown) => error,
    );
    const stopped = (await Promise.race([paused.reached.then(() => 'stopped'), outcome])) === 'stopped';
    const second = new MongoWriter(connection);
    await second.prepare(PROJECTION, collections);
    await foldAll(second, log);
    const wasPrepared = prepared;
    paused.resume();
    const ended = await outcome;
    if (stopped && wasPrepared) {
      expect(ended).toBeInstanceOf(ReadModelFencedError);
      expect(await stateOf(second)).toBe(states.get(await second.checkpoint(PROJECTION)));
      await foldAll(second, LOG);
    } else if (stopped) {
      // It was only about to prepare: whoever does that last is the one who writes.
      const last = ended === 'done' ? sleeper : second;
      await foldAll(last, LOG);
    }
    expect(await stateOf(second)).toBe(end);
    await connection.db.dropDatabase();
    return stopped;
  }
});

/** What `fleetwave doctor` finds out about MongoDB. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { bad, type Finding, good } from '../../../app/ports.ts';
import { createClient, hostsOf } from './connection.ts';

/** For everything together, milliseconds. */
const LIMIT_MS = 4500;
const SELECT_MS = 2500;
/** Clocks that are further apart make times in logs hard to compare; nothing else depends on them. */
const SKEW_MS = 5000;
const OLDEST_MAJOR = 5;

const setting = 'FLEETWAVE_MONGODB';
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Never throws, and takes 5 s at most. */
export async function probeMongo(url: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const client = createClient({ url, select_ms: SELECT_MS, answer_ms: LIMIT_MS, connections: 1 });
    const over = new AbortController();
    const late = sleep(LIMIT_MS, 'late' as const, { signal: over.signal }).catch(() => 'over' as const);
    const outcome = await Promise.race([check(client.db(), hostsOf(url), findings), late]);
    over.abort();
    if (outcome === 'late')
      findings.push(
        bad('mongodb', `no answer within ${LIMIT_MS} ms`, `Is the server named by ${setting} overloaded?`),
      );
    await client.close(true);
  } catch (error) {
    findings.push(bad('mongodb', messageOf(error), `Correct ${setting}.`));
  }
  return findings;
}

async function check(db: Db, hosts: string, findings: Finding[]): Promise<void> {
  const began = performance.now();
  try {
    await db.command({ ping: 1 });
  } catch (error) {
    const advice = `Start MongoDB, or correct host, user and password in ${setting}.`;
    findings.push(bad('mongodb reachable', `${hosts}: ${messageOf(error)}`, advice));
    return;
  }
  findings.push(good('mongodb reachable', `${hosts} in ${Math.round(performance.now() - began)} ms`));
  for (const one of [version, topology, permission]) findings.push(await one(db));
}

async function version(db: Db): Promise<Finding> {
  try {
    const { version: text } = (await db.command({ buildInfo: 1 })) as { version: string };
    return Number.parseInt(text, 10) >= OLDEST_MAJOR
      ? good('mongodb version', text)
      : bad('mongodb version', text, `Upgrade to MongoDB ${OLDEST_MAJOR}.0 or newer.`);
  } catch (error) {
    return bad('mongodb version', messageOf(error), 'Allow the user of Fleetwave the command buildInfo.');
  }
}

async function topology(db: Db): Promise<Finding> {
  try {
    const began = Date.now();
    // The older name of `hello`: every server knows it.
    const hello = (await db.admin().command({ isMaster: 1 })) as { setName?: string; localTime?: Date };
    const skew_ms = (hello.localTime?.getTime() ?? began) - (began + Date.now()) / 2;
    const kind =
      hello.setName === undefined
        ? 'one server: what it acknowledges survives its crash, not the loss of its disk'
        : `replica set ${hello.setName}`;
    return Math.abs(skew_ms) > SKEW_MS
      ? bad('mongodb clock', `${Math.round(skew_ms)} ms off`, 'Let both machines follow NTP.')
      : good('mongodb topology', kind);
  } catch (error) {
    return bad('mongodb topology', messageOf(error), 'Allow the user of Fleetwave the command isMaster.');
  }
}

/** Does what the projector does, in a collection of its own that is gone afterwards. */
async function permission(db: Db): Promise<Finding> {
  const name = `_doctor-${randomUUID()}`;
  try {
    const collection = db.collection<{ _id: string; n: number }>(name);
    await collection.createIndex({ n: 1 });
    await collection.replaceOne({ _id: 'x', n: { $lt: 1 } }, { n: 1 }, { upsert: true });
    await collection.findOne({ _id: 'x' });
    await db.listCollections({}, { nameOnly: true }).toArray();
    await db.dropCollection(name);
    return good('mongodb permission', `makes, writes and drops collections in ${db.databaseName}`);
  } catch (error) {
    const advice = `Give the user of ${setting} the roles readWrite and dbAdmin on ${db.databaseName}.`;
    return bad('mongodb permission', messageOf(error), advice);
  }
}

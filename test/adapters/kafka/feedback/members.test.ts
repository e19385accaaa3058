/** Several workers share the shards: one dies, one stands still for too long, one comes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { createKafkaSink, type KafkaSink } from '../../../../src/adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource, type KafkaSource } from '../../../../src/adapters/kafka/feedback/kafka-source.ts';
import { record, recordingOwner, SHARDS } from '../../../contract/feedback/feedback-contract.ts';
import { freeze } from '../../../support/freeze.ts';
import { type Corner, committed, corner, TIMING } from '../kit.ts';
import { patiently } from '../patiently.ts';

interface Line {
  readonly at: number;
  readonly taken?: readonly number[];
  readonly revoked?: readonly number[];
  readonly started?: boolean;
  readonly shard?: number;
  readonly numbers?: readonly number[];
}

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function startMember({ url, prefix }: Corner): { readonly child: ChildProcess; readonly lines: Line[] } {
  const program = join(import.meta.dirname, 'member-process.ts');
  const child = spawn(process.execPath, [program, url, prefix, String(SHARDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) =>
    lines.push({ at: Date.now(), ...(JSON.parse(line) as object) }),
  );
  ending.push(async () => child.kill('SIGKILL'));
  return { child, lines };
}

function openSink({ connection, prefix }: Corner): KafkaSink {
  const sink = createKafkaSink(connection, { shards: SHARDS, sinkId: prefix, markEvery_ms: 200 });
  ending.push(() => sink.close());
  return sink;
}

async function startSource(
  { connection }: Corner,
  owner: ReturnType<typeof recordingOwner>,
): Promise<KafkaSource> {
  const source = createKafkaSource(connection, { shards: SHARDS, ...TIMING });
  ending.push(() => source.stop());
  await source.start(owner);
  return source;
}

const publish = (sink: KafkaSink, from: number, to: number): Promise<void> =>
  sink.publish(Array.from({ length: to - from }, (_, n) => record((from + n) % SHARDS, from + n)));

const processedBy = (lines: readonly Line[]): number[] => lines.flatMap(({ numbers = [] }) => numbers);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const missing = (seen: readonly number[], count: number): number[] => {
  const all = new Set(seen);
  return upTo(count).filter((n) => !all.has(n));
};

describe('workers on Kafka share the shards', () => {
  it('when one is killed, the other takes its shards over and nothing is lost', async () => {
    const here = await corner(SHARDS);
    const sink = openSink(here);
    const owner = recordingOwner();
    const source = await startSource(here, owner);
    const { child, lines } = startMember(here);
    await patiently(() => {
      expect(lines.some(({ started }) => started === true)).toBe(true);
      expect(source.shards().taken).toHaveLength(SHARDS / 2);
    });
    let count = 0;
    while (processedBy(lines).length < 20) {
      await publish(sink, count, count + 80);
      count += 80;
    }
    child.kill('SIGKILL');
    await publish(sink, count, count + 80);
    count += 80;
    await patiently(() => {
      expect(source.shards().taken).toHaveLength(SHARDS);
      expect(missing([...processedBy(lines), ...[...owner.seen.values()].flat()], count)).toEqual([]);
    });
  });

  it('a newcomer gets its share, no other shard changes hands, and none of theirs comes twice', async () => {
    const here = await corner(SHARDS);
    const sink = openSink(here);
    const [first, second] = [recordingOwner(), recordingOwner()];
    const moved: number[] = [];
    const revoke = first.revoke;
    first.revoke = async (shards) => {
      moved.push(...shards.filter((shard) => first.assigned.has(shard)));
      await revoke(shards);
    };
    const one = await startSource(here, first);
    let count = 0;
    const publishing = setInterval(() => {
      publish(sink, count, count + SHARDS).catch(() => undefined);
      count += SHARDS;
    }, 5);
    const two = await startSource(here, second);
    await patiently(() => {
      expect(one.shards().taken).toHaveLength(SHARDS / 2);
      expect(two.shards().taken).toHaveLength(SHARDS / 2);
      expect(moved.toSorted()).toEqual([...second.assigned].sort());
      expect([...second.seen.values()].flat().length).toBeGreaterThan(0);
    });
    clearInterval(publishing);
    await patiently(() =>
      expect(missing([...first.seen.values(), ...second.seen.values()].flat(), count)).toEqual([]),
    );
    for (const shard of first.assigned)
      expect(first.seen.get(shard)).toEqual(upTo(count).filter((n) => n % SHARDS === shard));
    await two.stop();
    await patiently(() => expect(first.assigned.size).toBe(SHARDS));
    expect(second.assigned.size).toBe(0);
  });

  it('one that stood still past its session begins nothing before it has taken its shards anew', async () => {
    const here = await corner(SHARDS);
    const sink = openSink(here);
    const { child, lines } = startMember(here);
    await patiently(() => expect(lines.some(({ started }) => started === true)).toBe(true));
    await publish(sink, 0, 80);
    await patiently(() => expect(missing(processedBy(lines), 80)).toEqual([]));
    await freeze(child);
    // What was fetched before is nothing to go by: these come while it stands still.
    await publish(sink, 80, 160);
    const owner = recordingOwner();
    const source = await startSource(here, owner);
    await patiently(() => {
      expect(source.shards().taken).toHaveLength(SHARDS);
      expect(missing([...owner.seen.values()].flat(), 160).filter((n) => n >= 80)).toEqual([]);
    });
    const before = lines.length;
    child.kill('SIGCONT');
    await patiently(() => expect(source.shards().taken).toHaveLength(SHARDS / 2));
    await publish(sink, 160, 240);
    await patiently(() => {
      const all = [...processedBy(lines), ...[...owner.seen.values()].flat()];
      expect(missing(all, 240)).toEqual([]);
      expect(processedBy(lines.slice(before)).length).toBeGreaterThan(0);
    });
    const taken = new Set<number>();
    for (const line of lines.slice(before)) {
      for (const shard of line.taken ?? []) taken.add(shard);
      if (line.shard !== undefined) expect(taken.has(line.shard)).toBe(true);
    }
    // What the other one had processed meanwhile was committed by it, and stays so.
    expect(processedBy(lines.slice(before)).every((n) => n >= 160)).toBe(true);
  });

  it('commits what was processed, and nothing else', async () => {
    const here = await corner(SHARDS);
    const sink = openSink(here);
    const owner = recordingOwner();
    const source = await startSource(here, owner);
    const release = owner.hold();
    const published = sink.publish([record(3, 1)]);
    await patiently(() => expect(owner.begun()).toBe(1));
    await published;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const group = `${here.prefix}.rollout`;
    const before = await committed(here.connection, group);
    // Marks before the record may have been committed.
    release();
    await patiently(() => expect(owner.seen.get(3)).toEqual([1]));
    await source.stop();
    const after = await committed(here.connection, group);
    expect(after.get(3)).toBeGreaterThan(before.get(3) ?? 0);
    const again = recordingOwner();
    await startSource(here, again);
    await sink.publish([record(3, 2)]);
    await patiently(() => expect(again.seen.get(3)).toEqual([2]));
  });
});

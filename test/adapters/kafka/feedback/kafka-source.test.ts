/** What a worker makes of what is in the topic, good and bad. */
import { CompressionTypes, Partitioners } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { createKafkaSink, FeedbackRefusedError } from '../../../../src/adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource, type KafkaSource } from '../../../../src/adapters/kafka/feedback/kafka-source.ts';
import { record, recordingOwner, SHARDS, vehicleOf } from '../../../contract/feedback/feedback-contract.ts';
import { type Corner, committed, corner, headersOf, TIMING, tail, write } from '../kit.ts';
import { patiently } from '../patiently.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function worker(
  here: Corner,
): Promise<{ readonly source: KafkaSource; readonly owner: ReturnType<typeof recordingOwner> }> {
  const owner = recordingOwner();
  const source = createKafkaSource(here.connection, { shards: SHARDS, ...TIMING });
  ending.push(() => source.stop());
  await source.start(owner);
  return { source, owner };
}

async function follow(here: Corner, topic: string): Promise<Awaited<ReturnType<typeof tail>>['messages']> {
  const { messages, stop } = await tail(here.connection, topic);
  ending.push(stop);
  return messages;
}

const good = (shard: number, n: number) => ({
  key: vehicleOf(shard),
  value: String(n),
  partition: shard,
  headers: { channel: 'feedback', receivedAt: '1700000000000' },
});

describe('a worker on Kafka', () => {
  it('puts what it can’t read into the dead letters, bytes and all, and goes on', async () => {
    const here = await corner(SHARDS);
    const { topics } = here.connection;
    const poison = Buffer.from([0xff, 0x00, 0xfe]);
    await write(here.connection, topics.feedback, [
      good(3, 1),
      { ...good(3, 0), key: 'no vehicle!', value: poison },
      { ...good(3, 0), headers: { channel: 'gossip', receivedAt: '1' } },
      { ...good(3, 0), headers: { channel: 'feedback', receivedAt: 'yesterday' } },
      { ...good(3, 0), headers: {} },
      { ...good(3, 0), value: null },
      { key: null, value: '{"sink":1}', partition: 3, headers: { channel: 'mark' } },
      good(3, 2),
    ]);
    const { source, owner } = await worker(here);
    await patiently(() => expect(owner.seen.get(3)).toEqual([1, 2]));
    const letters = await follow(here, topics.deadLetter);
    await patiently(() => expect(letters).toHaveLength(6));
    expect(letters[0]?.value).toEqual(poison);
    expect(letters[0]?.key?.toString()).toBe('no vehicle!');
    expect(letters.map((letter) => headersOf(letter)['reason'])).toEqual([
      'the key is no vehicle id',
      "the header channel is 'gossip'",
      'the header receivedAt is no time in milliseconds since 1970',
      'the header channel is missing',
      'there is no value',
      'the mark is not {sink, until}',
    ]);
    expect(headersOf(letters[1] ?? letters[0] ?? ({} as never))).toMatchObject({
      code: 'unreadable-record',
      source: `${topics.feedback}/3/2`,
    });
    await patiently(async () =>
      expect((await committed(here.connection, `${here.prefix}.rollout`)).get(3)).toBe(8),
    );
    expect(source.stats()).toMatchObject({ deadLetters: 6, records: 2 });
  });

  it('puts what is too large to be forwarded into the dead letters, and goes on', async () => {
    const here = await corner(SHARDS);
    // Small enough for the broker when it is compressed, as other producers may do.
    const producer = here.connection.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({
      topic: here.connection.topics.feedback,
      compression: CompressionTypes.GZIP,
      messages: [{ ...good(5, 0), value: Buffer.alloc(2_000_000), partition: 2 }, good(2, 8)],
    });
    await producer.disconnect();
    const { source, owner } = await worker(here);
    await patiently(() => expect(source.stats()).toMatchObject({ deadLetters: 1, forwarded: 0 }));
    expect(owner.seen.get(2)).toEqual([8]);
  });

  it('brings a record on the wrong partition to the right one', async () => {
    const here = await corner(SHARDS);
    await write(here.connection, here.connection.topics.feedback, [
      { ...good(5, 7), partition: 2 },
      good(2, 8),
    ]);
    const { source, owner } = await worker(here);
    await patiently(() => expect([owner.seen.get(2), owner.seen.get(5)]).toEqual([[8], [7]]));
    await patiently(() => expect(source.stats()).toMatchObject({ forwarded: 1, deadLetters: 0 }));
  });

  it('hands on repeated and reordered records as they are: what they mean is decided elsewhere', async () => {
    const here = await corner(SHARDS);
    await write(here.connection, here.connection.topics.feedback, [good(1, 2), good(1, 1), good(1, 2)]);
    const { owner } = await worker(here);
    await patiently(() => expect(owner.seen.get(1)).toEqual([2, 1, 2]));
  });

  it('while one shard fails, it is tried again and the others go on', async () => {
    const here = await corner(SHARDS);
    const owner = recordingOwner();
    const process = owner.process.bind(owner);
    let broken = true;
    let attempts = 0;
    owner.process = async (shard, records) => {
      if (shard === 4 && broken) {
        attempts += 1;
        throw new Error('the store is away');
      }
      await process(shard, records);
    };
    const source = createKafkaSource(here.connection, { shards: SHARDS, ...TIMING });
    ending.push(() => source.stop());
    await source.start(owner);
    await write(here.connection, here.connection.topics.feedback, [good(4, 1), good(4, 2), good(6, 3)]);
    await patiently(() => expect([owner.seen.get(6), attempts > 1]).toEqual([[3], true]));
    expect((await committed(here.connection, `${here.prefix}.rollout`)).get(4)).toBeUndefined();
    // Longer than a session: heartbeats went on.
    await new Promise((resolve) => setTimeout(resolve, TIMING.sessionTimeout_ms + 500));
    broken = false;
    await patiently(() => expect(owner.seen.get(4)).toEqual([1, 2]));
    expect(source.stats()).toMatchObject({ assignedShards: SHARDS, crashes: 0 });
    const errors = here.said.filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toEqual([
      "Feedback of shard 4 can't be processed. It is kept and tried again.",
    ]);
  });

  it.each(['NotOwnedError', 'FencedError'])(
    'after a %s it takes the shard anew and goes on',
    async (name) => {
      const here = await corner(SHARDS);
      const { owner } = await worker(here);
      const process = owner.process.bind(owner);
      owner.process = async (shard, records) => {
        if (!owner.assigned.has(shard)) throw Object.assign(new Error('not ours'), { name });
        await process(shard, records);
      };
      owner.assigned.delete(5);
      await write(here.connection, here.connection.topics.feedback, [good(5, 1)]);
      await patiently(() => expect(owner.seen.get(5)).toEqual([1]));
    },
  );

  it('takes a shard anew when its owner has found out by itself that it lost it', async () => {
    const here = await corner(SHARDS);
    const { source, owner } = await worker(here);
    owner.assigned.delete(5);
    source.lost(5);
    await patiently(() => expect(owner.assigned.has(5)).toBe(true));
  });

  it('tries to take a shard until it can', async () => {
    const here = await corner(SHARDS);
    const owner = recordingOwner();
    const assign = owner.assign.bind(owner);
    let refusals = 2;
    owner.assign = async (shards) => {
      if (shards.includes(2) && refusals-- > 0) throw new AggregateError([new Error('away')], 'not taken');
      await assign(shards);
    };
    const source = createKafkaSource(here.connection, { shards: SHARDS, ...TIMING });
    ending.push(() => source.stop());
    await source.start(owner);
    expect(source.shards().taken).toHaveLength(SHARDS - 1);
    await patiently(() => expect(source.shards().taken).toHaveLength(SHARDS));
  });

  it('fetches no more than it has room for, and all in the end', async () => {
    const here = await corner(SHARDS);
    const owner = recordingOwner();
    const release = owner.hold();
    const source = createKafkaSource(here.connection, {
      shards: SHARDS,
      ...TIMING,
      maxQueued: 50,
      maxBatch: 20,
      maxBytesPerPartition: 4096,
    });
    ending.push(() => source.stop());
    await source.start(owner);
    for (let from = 0; from < 1000; from += 100)
      await write(
        here.connection,
        here.connection.topics.feedback,
        Array.from({ length: 100 }, (_, n) => good(1, from + n)),
      );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(source.stats()['queuedMessages']).toBeLessThan(300);
    release();
    await patiently(() => expect(owner.seen.get(1)).toEqual(Array.from({ length: 1000 }, (_, n) => n)));
  });
});

describe('a bridge on Kafka', () => {
  it('refuses whole what is too much, and time stands before it until its sender has come again', async () => {
    let now = 1_700_000_000_000;
    const here = await corner(SHARDS);
    const sink = createKafkaSink(here.connection, {
      shards: SHARDS,
      sinkId: here.prefix,
      maxQueued: 3,
      markEvery_ms: 50,
      now: () => now,
    });
    ending.push(() => sink.close());
    const { source } = await worker(here);
    const kept = sink.publish([record(1, 1, now), record(1, 2, now)]);
    await expect(sink.publish([record(2, 3, now - 5), record(1, 4, now)])).rejects.toThrow(
      FeedbackRefusedError,
    );
    await kept;
    now += 10_000;
    await sink.publish([record(1, 5, now)]);
    await patiently(() => expect(source.watermark(1)).toBe(now - 10_000 - 6));
    now += 60_000;
    await patiently(() => expect(source.watermark(1)).toBe(now - 1));
  });

  it('takes nothing for a shard that does not exist, and nothing after it was closed', async () => {
    const here = await corner(SHARDS);
    const sink = createKafkaSink(here.connection, { shards: SHARDS, sinkId: here.prefix });
    await expect(sink.publish([record(SHARDS, 1)])).rejects.toThrow(RangeError);
    await sink.publish([record(0, 1)]);
    await sink.close();
    await expect(sink.publish([record(0, 1)])).rejects.toThrow(FeedbackRefusedError);
  });
});

/** The broker dies and comes back, with a bridge, a worker and a leader at work. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningEngine } from '../../../scripts/engines/engine.ts';
import { createKafkaSink, FeedbackRefusedError } from '../../../src/adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource } from '../../../src/adapters/kafka/feedback/kafka-source.ts';
import { createKafkaLeadership } from '../../../src/adapters/kafka/leadership/kafka-leadership.ts';
import { createKafkaPresence } from '../../../src/adapters/kafka/presence/kafka-presence.ts';
import { record, recordingOwner, SHARDS } from '../../contract/feedback/feedback-contract.ts';
import { recordingLead } from '../../contract/leadership/leadership-contract.ts';
import { recipe, serverDirectory } from '../../support/engines.ts';
import { corner, TIMING } from './kit.ts';
import { patiently } from './patiently.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
}, 60_000);

describe('the Kafka adapters outlive their broker', () => {
  it('lose nothing, bound what waits, lead no longer than they may, and go on by themselves', async () => {
    const directory = serverDirectory('kafka');
    let broker: RunningEngine = await recipe('kafka').start({ directory });
    ending.push(() => broker.stop());
    const here = await corner(SHARDS, broker.url);
    const owner = recordingOwner();
    const source = createKafkaSource(here.connection, { shards: SHARDS, ...TIMING });
    const limits = { maxQueued: 500, markEvery_ms: 200 };
    const sink = createKafkaSink(here.connection, { shards: SHARDS, sinkId: here.prefix, ...limits });
    const leadership = createKafkaLeadership(here.connection, { ...TIMING, retry_ms: 50 });
    const presence = createKafkaPresence(here.connection, { ...TIMING, flushEvery_ms: 50 });
    ending.push(
      () => sink.close(),
      () => source.stop(),
      () => leadership.close(),
      () => presence.stop(),
    );
    const heard: string[] = [];
    await presence.follow((signals) => heard.push(...signals.map(({ vehicleId }) => vehicleId)));
    await source.start(owner);
    const { lead, turns } = recordingLead();
    const candidate = leadership.compete('planner', lead);
    await patiently(() => expect(candidate.state()).toBe('leading'));

    const publications: Promise<void>[] = [];
    const publish = (n: number): void => void publications.push(sink.publish([record(n % SHARDS, n)]));
    for (let n = 0; n < 200; n++) publish(n);
    broker.kill('SIGKILL');
    for (let n = 200; n < 400; n++) publish(n);
    presence.tell({ vehicleId: 'V1', online: true, at: 1 });
    await patiently(() => expect(candidate.state()).toBe('waiting'));
    await patiently(() => expect(here.connection.reachable()).toBe(false));
    const refusedAt = Date.now();
    await expect(
      sink.publish(Array.from({ length: 500 }, (_, n) => record(n % SHARDS, 1000 + n, refusedAt))),
    ).rejects.toThrow(FeedbackRefusedError);

    await broker.stop();
    broker = await recipe('kafka').start({ directory });
    await Promise.all(publications);
    for (let n = 400; n < 500; n++) publish(n);
    await Promise.all(publications);
    await patiently(() => {
      const seen = new Set([...owner.seen.values()].flat());
      expect(Array.from({ length: 500 }, (_, n) => n).filter((n) => !seen.has(n))).toEqual([]);
      expect(source.shards().taken).toHaveLength(SHARDS);
      expect(candidate.state()).toBe('leading');
      expect(heard).toEqual(['V1']);
    });
    // Whoever sent what was refused has a minute to send it again.
    const marks = source.stats()['marks'] ?? 0;
    await patiently(() => expect(source.stats()['marks']).toBeGreaterThan(marks + 2 * SHARDS));
    expect(source.watermark(1)).toBeLessThan(refusedAt + 1);
    expect(turns.length).toBeGreaterThan(1);
    const lines = here.said.filter(({ message }) => /can't be reached|answers again/.test(message));
    expect(lines.map(({ level }) => level)).toEqual(['error', 'info']);
    expect(here.said.length).toBeLessThan(20);
  }, 90_000);
});

import { describe, expect, it } from 'vitest';
import { freePort } from '../../../scripts/engines/ports.ts';
import { probeKafka } from '../../../src/adapters/kafka/probe.ts';
import { parseKafkaUrl } from '../../../src/adapters/kafka/settings.ts';
import { ensureTopics, TopicError } from '../../../src/adapters/kafka/topics.ts';
import { engine } from '../../support/engines.ts';
import { connectTo, corner, newPrefix } from './kit.ts';

const { url } = await engine('kafka');

describe('the topics', () => {
  it('are made by several processes at a time, and left alone after that', async () => {
    const prefix = newPrefix();
    const processes = Array.from({ length: 4 }, () => connectTo(url, prefix).connection);
    await Promise.all(processes.map((connection) => ensureTopics(connection, { shards: 8, partitions: 2 })));
    const admin = processes[0]?.admin();
    await admin?.connect();
    const { topics = [] } = (await admin?.fetchTopicMetadata({ topics: [] })) ?? {};
    await admin?.disconnect();
    const mine = topics.filter(({ name }) => name.startsWith(`${prefix}.`));
    expect(
      Object.fromEntries(
        mine.map(({ name, partitions }) => [name.slice(prefix.length + 1), partitions.length]),
      ),
    ).toEqual({ 'vehicle-feedback': 8, events: 2, 'dead-letter': 1, presence: 2, leadership: 1 });
  });

  it('of another number of shards are refused, with what to do', async () => {
    const { connection } = await corner(8);
    const refused = ensureTopics(connection, { shards: 16 });
    await expect(refused).rejects.toThrow(TopicError);
    await expect(refused).rejects.toThrow(/has 8 partitions, and the deployment 16 shards.*delete it/);
  });
});

describe('doctor on Kafka', () => {
  it('is content with a broker that has the topics', async () => {
    const { prefix } = await corner(8);
    const findings = await probeKafka(parseKafkaUrl(`${url}?topicPrefix=${prefix}`), 8);
    expect(findings.map(({ check, ok }) => [check, ok])).toEqual([
      ['kafka', true],
      ['kafka topics', true],
      ['kafka writing', true],
    ]);
    expect(findings.at(-1)?.detail).toMatch(/clocks agree/);
  });

  it('says what will be made', async () => {
    const findings = await probeKafka(parseKafkaUrl(`${url}?topicPrefix=${newPrefix()}`), 8);
    expect(findings.at(-1)).toMatchObject({
      ok: true,
      detail: expect.stringContaining('at the first start'),
    });
  });

  it('sees a wrong number of partitions, and more replicas than brokers', async () => {
    const { prefix } = await corner(8);
    const findings = await probeKafka(parseKafkaUrl(`${url}?topicPrefix=${prefix}&replication=3`), 64);
    expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
      'kafka replication',
      'kafka topics',
    ]);
  });

  it('says where nobody answers, and which setting it is', async () => {
    const [finding] = await probeKafka(parseKafkaUrl(`kafka://127.0.0.1:${await freePort()}`), 8);
    expect(finding).toMatchObject({ ok: false, advice: expect.stringContaining('FLEETWAVE_KAFKA') });
  });
});

import { logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createClientLog } from '../../../src/adapters/kafka/client-log.ts';

function logUnderTest(): {
  readonly log: ReturnType<typeof createClientLog>;
  readonly said: string[];
  say(message: string, error?: string): void;
  pass(ms: number): void;
} {
  let now = 1_000_000;
  const said: string[] = [];
  const log = createClientLog(
    (level, message, fields) => {
      const repeated = fields?.['repeated'];
      said.push(`${level} ${message}${repeated === undefined ? '' : ` (${repeated} more)`}`);
    },
    ['k1:9092', 'k2:9092'],
    () => now,
  );
  const print = log.creator(logLevel.WARN);
  return {
    log,
    said,
    say: (message, error) =>
      print({
        namespace: 'Connection',
        level: logLevel.ERROR,
        label: 'ERROR',
        log: { timestamp: '', message, ...(error === undefined ? {} : { error }) },
      }),
    pass: (ms) => {
      now += ms;
    },
  };
}

describe('what the client of Kafka says', () => {
  it('is one line when the brokers are lost, and one when they are back', () => {
    const { log, said, say, pass } = logUnderTest();
    for (let n = 0; n < 100; n++) {
      pass(250);
      say('Connection error: connect ECONNREFUSED 10.0.0.1:9092');
      say('Failed to send messages: Connection timeout');
    }
    expect(log.reachable()).toBe(false);
    log.answered();
    log.answered();
    expect(log.reachable()).toBe(true);
    expect(said).toEqual([
      "error Kafka (k1:9092, k2:9092) can't be reached: Connection error: connect ECONNREFUSED 10.0.0.1:9092. It is tried until it answers.",
      'info Kafka (k1:9092, k2:9092) answers again, after 25 s.',
    ]);
  });

  it('is nothing when one broker fails and others answer', () => {
    const { log, said, say, pass } = logUnderTest();
    for (let n = 0; n < 100; n++) {
      pass(500);
      log.answered();
      say('Connection timeout');
    }
    expect([said, log.reachable()]).toEqual([[], true]);
  });

  it('is nothing when a group is dealt anew', () => {
    const { said, say } = logUnderTest();
    say('Response Heartbeat(key: 12, version: 3)', 'The group is rebalancing, so a rejoin is needed');
    say('The coordinator is not aware of this member, re-joining the group');
    expect(said).toEqual([]);
  });

  it('is said again after a minute, with how often', () => {
    const { said, say, pass } = logUnderTest();
    for (let n = 0; n < 61; n++) {
      say(`Response Produce(key: 0, version: 7)`, `Not authorized to access topic ${n}`);
      pass(1000);
    }
    expect(said).toEqual([
      'warn Kafka: Response Produce(key: 0, version: 7): Not authorized to access topic 0',
      'warn Kafka: Response Produce(key: 0, version: 7): Not authorized to access topic 60 (59 more)',
    ]);
  });
});

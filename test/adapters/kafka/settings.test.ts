import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKafkaUrl } from '../../../src/adapters/kafka/settings.ts';

describe('the address of Kafka', () => {
  it('needs no more than a broker', () => {
    expect(parseKafkaUrl('kafka://127.0.0.1:9092')).toEqual({
      brokers: ['127.0.0.1:9092'],
      tls: false,
      caFile: null,
      credentials: null,
      topicPrefix: 'fleetwave',
      replication: null,
    });
  });

  it('names several brokers, who we are, and how', () => {
    const url =
      'kafka://fleet:s%40crt@k1.example:9092,[::1]:9093?ca=/etc/ca.pem&mechanism=plain&topicPrefix=eu.fleet&replication=3';
    expect(parseKafkaUrl(url)).toEqual({
      brokers: ['k1.example:9092', '[::1]:9093'],
      tls: true,
      caFile: '/etc/ca.pem',
      credentials: { mechanism: 'plain', username: 'fleet', password: 's@crt' },
      topicPrefix: 'eu.fleet',
      replication: 3,
    });
  });

  it('takes any user and password, percent-encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (username, password) => {
        const url = `kafka://${encodeURIComponent(username)}:${encodeURIComponent(password)}@k:1?mechanism=scram-sha-256`;
        expect(parseKafkaUrl(url).credentials).toEqual({ mechanism: 'scram-sha-256', username, password });
      }),
    );
  });

  it.each([
    ['mqtt://k:1', 'no address of Kafka'],
    ['kafka://', 'no host:port'],
    ['kafka://k', "'k' is no host:port"],
    ['kafka://k:0', 'no host:port'],
    ['kafka://k:70000', 'no host:port'],
    ['kafka://k:1,', 'no host:port'],
    ['kafka://fleet@k:1', 'user:password'],
    ['kafka://fleet:%zz@k:1', 'percent-encoded'],
    ['kafka://k:1?mechanism=plain', 'needs user:password'],
    ['kafka://u:p@k:1?mechanism=gssapi', 'mechanism is one of'],
    ['kafka://k:1?tls=maybe', 'tls is true or false'],
    ['kafka://k:1?tls=false&ca=/x', 'ca needs tls'],
    ['kafka://k:1?topicPrefix=a/b', 'topicPrefix has'],
    ['kafka://k:1?replication=0', 'replication is a number'],
    ['kafka://k:1?acks=1', 'there is no parameter acks'],
  ])('%s is refused: %s', (url, why) => {
    expect(() => parseKafkaUrl(url)).toThrow(why);
  });

  it('says no password in an error', () => {
    expect(() => parseKafkaUrl('kafka://fleet:hunter2@k')).toThrow(/^(?!.*hunter2)/);
  });
});

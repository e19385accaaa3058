import { describe } from 'vitest';
import { onRealServers } from '../support/containers.ts';
import { engine, lane } from '../support/engines.ts';

/** Registers the contract of a Kafka adapter on the server of the run, and on one in a container. */
export async function onKafka(suite: string, register: (url: () => Promise<string>) => void): Promise<void> {
  const of = { suite, adapter: 'kafka', server: 'Apache Kafka' } as const;
  const { url, version } = await engine('kafka');
  describe('on the server of the run', () => {
    lane({ ...of, version });
    register(() => Promise.resolve(url));
  });
  await onRealServers({ ...of, container: 'kafka' }, register);
}

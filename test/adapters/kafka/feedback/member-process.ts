/**
 * A worker in a process of its own, so that it can be killed and stopped: `node member-process.ts URL PREFIX SHARDS`.
 * Says what it does as JSON lines.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafkaSource } from '../../../../src/adapters/kafka/feedback/kafka-source.ts';
import { connectTo, TIMING } from '../connect.ts';

const [url = '', prefix = '', shards = ''] = process.argv.slice(2);
const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`);
};
const { connection } = connectTo(url, prefix);
const source = createKafkaSource(connection, { shards: Number(shards), ...TIMING });
await source.start({
  assign: async (taken) => say({ taken }),
  revoke: async (revoked) => say({ revoked }),
  greet: async () => undefined,
  async process(shard, records) {
    await sleep(5);
    say({ shard, numbers: records.map(({ payload }) => Number(Buffer.from(payload).toString())) });
  },
});
say({ started: true });

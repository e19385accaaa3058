import { beforeAll, describe } from 'vitest';
import { openMongoReader } from '../../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { openMongoReadModel } from '../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { dropDatabase, freshDatabase, versionOf } from '../../adapters/read-model/mongodb/databases.ts';
import { onRealServers } from '../../support/containers.ts';
import { engine, lane } from '../../support/engines.ts';
import { readModelContract } from './contract.ts';

const of = { suite: 'read-model', adapter: 'mongodb' } as const;

const contract = (find: () => Promise<string>): void =>
  readModelContract('mongodb', async () => {
    const url = freshDatabase(await find());
    const log = () => {};
    const writer = await openMongoReadModel({ url, log });
    const reader = await openMongoReader({ url, log, pointer_ms: 0 });
    return {
      writer,
      reader,
      async dispose() {
        await reader.close();
        await writer.close();
        await dropDatabase(url);
      },
    };
  });

describe('on mongo-java-server', () => {
  let version = '';
  beforeAll(async () => {
    ({ version } = await engine('documents'));
  });
  lane({ ...of, server: 'mongo-java-server', version: () => version });
  contract(async () => (await engine('documents')).url);
});

await onRealServers(
  { ...of, server: 'MongoDB', container: 'mongodb', variable: 'MONGODB_URL', versionOf },
  contract,
);

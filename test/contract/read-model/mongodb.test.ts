import { beforeAll, describe } from 'vitest';
import { openMongoReader } from '../../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { openMongoReadModel } from '../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { dropDatabase, freshDatabase, versionOf } from '../../adapters/read-model/mongodb/databases.ts';
import { engine, lane, laneNotRun } from '../../support/engines.ts';
import { readModelContract } from './contract.ts';

function mongoContract(server: string, find: () => Promise<{ url: string; version: string }>): void {
  describe(server, () => {
    let version = '';
    beforeAll(async () => {
      ({ version } = await find());
    });
    lane({ suite: 'read-model', adapter: 'mongodb', server, version: () => version });

    readModelContract(`MongoDB (${server})`, async () => {
      const url = freshDatabase((await find()).url);
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
  });
}

mongoContract('mongo-java-server', () => engine('documents'));

const real = process.env['MONGODB_URL'];
if (real === undefined)
  laneNotRun({
    suite: 'read-model',
    adapter: 'mongodb',
    server: 'MongoDB',
    why: 'MONGODB_URL is not set',
    needs: 'MONGODB_URL',
  });
else mongoContract('MongoDB', async () => ({ url: real, version: await versionOf(real) }));

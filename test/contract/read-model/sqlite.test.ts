import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReader } from '../../../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../../../src/adapters/read-model/sqlite/sqlite-writer.ts';
import { lane } from '../../support/engines.ts';
import { readModelContract } from './contract.ts';

lane({ suite: 'read-model', adapter: 'sqlite', server: 'SQLite', version: process.versions['sqlite'] ?? '' });

readModelContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fleetwave-read-model-'));
  const path = join(directory, 'read-models.sqlite');
  const writer = openSqliteReadModel(path);
  const reader = openSqliteReader(path);
  return {
    writer,
    reader,
    async dispose() {
      reader.close();
      await writer.close();
      rmSync(directory, { recursive: true });
    },
  };
});

import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import { lane } from '../../support/engines.ts';
import { readModelContract } from './contract.ts';

lane({ suite: 'read-model', adapter: 'memory', server: 'none', version: '' });

readModelContract('memory', async () => {
  const writer = createMemoryReadModel();
  return { writer, reader: writer, dispose: () => writer.close() };
});

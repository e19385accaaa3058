import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import { readModelContract } from './contract.ts';

readModelContract('memory', async () => {
  const writer = createMemoryReadModel();
  return { writer, reader: writer, dispose: () => writer.close() };
});

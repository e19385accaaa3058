import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import {
  openAzureBlobStore,
  parseAzureSettings,
} from '../../../src/adapters/artifact-store/azure-blob/azure-blob-store.ts';
import { onRealServers } from '../../support/containers.ts';
import { engine, lane } from '../../support/engines.ts';
import { blobStoreContract } from './blob-store-contract.ts';
import { stagingContract } from './staging-contract.ts';

const of = { suite: 'blob-store', adapter: 'azure-blob' } as const;

function contract(url: () => Promise<string>): void {
  const open = async () => {
    const settings = parseAzureSettings(await url(), `contract-${randomUUID()}`);
    const reopen = () => openAzureBlobStore(settings, { log: () => undefined });
    const store = await reopen();
    return { store, reopen, dispose: async () => store.close() };
  };
  blobStoreContract('azure-blob', open, { links: true });
  stagingContract('azure-blob', open);
}

describe('on Azurite', () => {
  let version = '';
  lane({ ...of, server: 'Azure Blob', version: () => version });
  contract(async () => {
    const server = await engine('azurite');
    version = server.version;
    return server.url;
  });
});

await onRealServers({ ...of, server: 'Azure Blob', container: 'azurite' }, contract);

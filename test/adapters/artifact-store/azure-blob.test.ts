import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import {
  openAzureBlobStore,
  parseAzureSettings,
} from '../../../src/adapters/artifact-store/azure-blob/azure-blob-store.ts';
import { createAzureStorage } from '../../../src/adapters/artifact-store/azure-blob/azure-storage.ts';
import { probeAzure } from '../../../src/adapters/artifact-store/azure-blob/probe-azure.ts';
import { objectStoreSuite } from './object-store-suite.ts';

describe('blobs in Azure', () => {
  objectStoreSuite({
    engine: 'azurite',
    setting: 'FLEETWAVE_AZURE_BLOB',
    // Azurite writes its catalogue down every few seconds: SIGKILL would lose what it has acknowledged, as Azure never does.
    death: 'SIGTERM',
    partBytes: 1024 * 1024,
    open: (url, place, options) => openAzureBlobStore(parseAzureSettings(url, place), options),
    storage: (url, place, limits) => createAzureStorage(parseAzureSettings(url, place), limits),
    probe: (url, place) => probeAzure(parseAzureSettings(url, place)),
    async flip(directory, _place, _sha256, start) {
      // Azurite keeps many blobs in one file.
      const extents = join(directory, 'data/__blobstorage__');
      for (const name of readdirSync(extents)) {
        const bytes = readFileSync(join(extents, name));
        const at = bytes.indexOf(start);
        if (at === -1) continue;
        bytes.writeUInt8(bytes.readUInt8(at + 100_000) ^ 1, at + 100_000);
        writeFileSync(join(extents, name), bytes);
        return;
      }
      throw new Error('the blob is nowhere');
    },
  });
});

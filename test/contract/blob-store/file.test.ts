import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileBlobStore } from '../../../src/adapters/artifact-store/file/file-blob-store.ts';
import { lane } from '../../support/engines.ts';
import { blobStoreContract } from './blob-store-contract.ts';
import { stagingContract } from './staging-contract.ts';

lane({ suite: 'blob-store', adapter: 'file', server: 'none', version: '' });

const open = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fleetwave-blobs-'));
  return {
    store: await openFileBlobStore({ directory }),
    reopen: () => openFileBlobStore({ directory }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
};
blobStoreContract('files', open);
stagingContract('files', open);

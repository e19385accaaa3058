import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { openS3BlobStore, parseS3Url } from '../../../src/adapters/artifact-store/s3/s3-blob-store.ts';
import { onRealServers } from '../../support/containers.ts';
import { engine, lane } from '../../support/engines.ts';
import { blobStoreContract } from './blob-store-contract.ts';
import { stagingContract } from './staging-contract.ts';

const of = { suite: 'blob-store', adapter: 's3' } as const;

function contract(url: () => Promise<string>): void {
  const open = async () => {
    // One bucket for all, as in life; each test has a prefix of its own.
    const settings = { ...parseS3Url(await url()), prefix: `${randomUUID()}/` };
    const opened: { close(): void }[] = [];
    const reopen = async () => {
      const store = await openS3BlobStore(settings, { log: () => undefined });
      opened.push(store);
      return store;
    };
    return {
      store: await reopen(),
      reopen,
      dispose: async () => {
        for (const store of opened) store.close();
      },
    };
  };
  blobStoreContract('s3', open, { links: true });
  stagingContract('s3', open);
}

describe('on versitygw', () => {
  let version = '';
  lane({ ...of, server: 'S3', version: () => version });
  contract(async () => {
    const server = await engine('s3');
    version = server.version;
    return server.url;
  });
});

await onRealServers({ ...of, server: 'S3', container: 's3' }, contract);

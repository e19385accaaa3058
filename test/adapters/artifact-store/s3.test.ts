import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { probeS3 } from '../../../src/adapters/artifact-store/s3/probe-s3.ts';
import { openS3BlobStore, parseS3Url } from '../../../src/adapters/artifact-store/s3/s3-blob-store.ts';
import { createS3Storage } from '../../../src/adapters/artifact-store/s3/s3-storage.ts';
import { objectStoreSuite } from './object-store-suite.ts';

const at = (url: string, place: string) => ({ ...parseS3Url(url), prefix: `${place}/` });

describe('blobs in S3', () => {
  objectStoreSuite({
    engine: 's3',
    setting: 'FLEETWAVE_S3',
    death: 'SIGKILL',
    partBytes: 5 * 1024 * 1024,
    open: (url, place, options) => openS3BlobStore(at(url, place), options),
    storage: (url, place, limits) => createS3Storage(at(url, place), limits),
    probe: (url, place) => probeS3(at(url, place)),
    async flip(directory, place, sha256) {
      const path = join(directory, 'data/fleetwave', place, 'content', sha256);
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(100_000) ^ 1, 100_000);
      writeFileSync(path, bytes);
    },
  });
});

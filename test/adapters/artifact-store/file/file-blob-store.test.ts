import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFileBlobStore } from '../../../../src/adapters/artifact-store/file/file-blob-store.ts';
import { put, readAll } from '../../../contract/blob-store/blob-store-contract.ts';

const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'fleetwave-blobs-'));

describe('blobs as files', () => {
  it('are at {directory}/content/ab/cd/{sha256}, readable by the owner only', async () => {
    const directory = await temporary();
    const store = await openFileBlobStore({ directory });
    const sha256 = await put(store, Buffer.from('here'));
    const path = join(directory, 'content', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    expect(await readFile(path, 'utf8')).toBe('here');
    expect((await stat(path)).mode & 0o077).toBe(0);
    await rm(directory, { recursive: true });
  });

  it('leave no temporary file behind: not after a commit, an abort, a refused name, nor a crash', async () => {
    const directory = await temporary();
    const store = await openFileBlobStore({ directory });
    await put(store, Buffer.from('one'));
    const aborted = await store.begin();
    await aborted.write(Buffer.from('two'));
    await aborted.abort();
    const refused = await store.begin();
    await expect(refused.commit('no digest')).rejects.toThrow(RangeError);
    expect(await readdir(join(directory, 'incoming'))).toEqual([]);
    const crashed = await store.begin();
    await crashed.write(Buffer.from('three'));
    expect(await readdir(join(directory, 'incoming'))).toHaveLength(1);
    await openFileBlobStore({ directory });
    expect(await readdir(join(directory, 'incoming'))).toEqual([]);
    await crashed.abort();
    await rm(directory, { recursive: true });
  });

  it('that are shorter than the range asked for are an error, not fewer bytes', async () => {
    const directory = await temporary();
    const store = await openFileBlobStore({ directory });
    const sha256 = await put(store, Buffer.alloc(100));
    await truncate(join(directory, 'content', sha256.slice(0, 2), sha256.slice(2, 4), sha256), 50);
    await expect(readAll(store.read(sha256, { start: 10, end: 99 }))).rejects.toThrow('ends before');
    await rm(directory, { recursive: true });
  });
});

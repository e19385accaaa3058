import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileBlobStore } from '../../../src/adapters/artifact-store/file/file-blob-store.ts';
import { copyBlobs } from '../../../src/app/copy/copy-blobs.ts';
import type { BlobStore } from '../../../src/app/ports.ts';

const nameOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function put(store: BlobStore, text: string): Promise<string> {
  const bytes = Buffer.from(text);
  const upload = await store.begin();
  await upload.write(bytes);
  await upload.commit(nameOf(bytes));
  return nameOf(bytes);
}

async function read(store: BlobStore, sha256: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(sha256)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('copying artifacts', () => {
  let directory: string;
  let source: BlobStore;
  let target: BlobStore;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'fleetwave-blobs-'));
    source = await openFileBlobStore({ directory: join(directory, 'source') });
    target = await openFileBlobStore({ directory: join(directory, 'target') });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('copies what is missing, and leaves what is there', async () => {
    const [one, two] = [await put(source, 'one'), await put(source, 'twotwo')];
    await put(target, 'one');
    expect(await copyBlobs(source, target)).toEqual({
      copied: 1,
      held: 1,
      bytes: 6,
      damaged: [],
      damagedCount: 0,
    });
    expect([await read(target, one), await read(target, two)]).toEqual(['one', 'twotwo']);
    expect(await copyBlobs(source, target)).toMatchObject({ copied: 0, held: 2 });
  });

  it('copies again what is there in part only', async () => {
    const name = await put(source, 'whole');
    await put(target, 'whole');
    const path = join(directory, 'target', 'content', name.slice(0, 2), name.slice(2, 4), name);
    writeFileSync(path, 'wh');
    expect(await copyBlobs(source, target)).toMatchObject({ copied: 1, held: 0 });
    expect(await read(target, name)).toBe('whole');
  });

  it('copies again what is there with other bytes of the same length', async () => {
    const name = await put(source, 'whole');
    await put(target, 'whole');
    writeFileSync(join(directory, 'target', 'content', name.slice(0, 2), name.slice(2, 4), name), 'whale');
    expect(await copyBlobs(source, target)).toMatchObject({ copied: 1, held: 0, damagedCount: 0 });
    expect(await read(target, name)).toBe('whole');
  });

  it('names what is there, is damaged, and stays so because the store replaces nothing', async () => {
    const name = await put(source, 'whole');
    await put(target, 'whole');
    writeFileSync(join(directory, 'target', 'content', name.slice(0, 2), name.slice(2, 4), name), 'whale');
    const keeping: Pick<BlobStore, 'size' | 'read' | 'begin'> = {
      size: (sha256) => target.size(sha256),
      read: (sha256) => target.read(sha256),
      begin: async () => ({
        write: async () => undefined,
        commit: async () => undefined,
        abort: async () => undefined,
      }),
    };
    expect(await copyBlobs(source, keeping)).toMatchObject({ copied: 0, held: 0, damaged: [name] });
  });

  it('leaves out what is damaged, and names it', async () => {
    const [good, bad] = [await put(source, 'good'), await put(source, 'bad')];
    writeFileSync(join(directory, 'source', 'content', bad.slice(0, 2), bad.slice(2, 4), bad), 'worse');
    expect(await copyBlobs(source, target)).toMatchObject({ copied: 1, damaged: [bad], damagedCount: 1 });
    expect(await target.size(bad)).toBeNull();
    expect(await target.size(good)).toBe(4);
  });

  it('leaves nothing half-written when reading fails', async () => {
    const name = await put(source, 'something');
    const failing: Pick<BlobStore, 'list' | 'size' | 'read'> = {
      list: () => source.list(),
      size: (sha256) => source.size(sha256),
      // biome-ignore lint/correctness/useYield: it fails before there is anything to yield.
      async *read() {
        throw new Error('disk on fire');
      },
    };
    await expect(copyBlobs(failing, target)).rejects.toThrow('disk on fire');
    expect(await target.size(name)).toBeNull();
  });
});

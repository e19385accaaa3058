/** What every blob store must do. Adapters call this with a way to open a fresh, empty store. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../../src/app/ports/artifact-store.ts';

export interface BlobStoreFixture {
  readonly store: BlobStore;
  /** The same store, opened anew as after a crash: nothing of the first may still be in memory. */
  reopen(): Promise<BlobStore>;
  dispose(): Promise<void>;
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function put(store: BlobStore, ...chunks: readonly Uint8Array[]): Promise<string> {
  const upload = await store.begin();
  for (const chunk of chunks) await upload.write(chunk);
  const sha256 = sha256Of(Buffer.concat(chunks));
  await upload.commit(sha256);
  return sha256;
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function list(store: BlobStore): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.list()) names.push(name);
  return names.sort();
}

/** @param links whether the store gives links; the setting that asks for them is refused for the others. */
export function blobStoreContract(
  name: string,
  open: () => Promise<BlobStoreFixture>,
  { links = false }: { readonly links?: boolean } = {},
): void {
  describe(`blob store: ${name}`, () => {
    let fixture: BlobStoreFixture;
    let store: BlobStore;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(() => fixture.dispose());

    it('gives back what was committed, whole and by range', async () => {
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
      const sha256 = await put(
        store,
        bytes.subarray(0, 7),
        bytes.subarray(7, 200_000),
        bytes.subarray(200_000),
      );
      expect(await store.size(sha256)).toBe(bytes.length);
      expect((await readAll(store.read(sha256))).equals(bytes)).toBe(true);
      for (const [start, end] of [
        [0, 0],
        [0, 299_999],
        [65_535, 65_536],
        [299_999, 299_999],
        [1000, 200_000],
      ] as const) {
        const part = await readAll(store.read(sha256, { start, end }));
        expect(part.equals(bytes.subarray(start, end + 1))).toBe(true);
      }
    });

    it('keeps an empty blob', async () => {
      const sha256 = await put(store);
      expect(await store.size(sha256)).toBe(0);
      expect(await readAll(store.read(sha256))).toHaveLength(0);
    });

    it('shows nothing before the commit, and nothing after an abort', async () => {
      const bytes = Buffer.from('not yet');
      const sha256 = sha256Of(bytes);
      const upload = await store.begin();
      await upload.write(bytes);
      expect(await store.size(sha256)).toBeNull();
      expect(await list(store)).toEqual([]);
      await upload.abort();
      await upload.abort();
      expect(await store.size(sha256)).toBeNull();
      await expect(upload.commit(sha256)).rejects.toThrow();
      await expect(upload.write(bytes)).rejects.toThrow();
      expect(await list(store)).toEqual([]);
    });

    it('does not know what it was not given', async () => {
      const sha256 = sha256Of(Buffer.from('unknown'));
      expect(await store.size(sha256)).toBeNull();
      await expect(readAll(store.read(sha256))).rejects.toThrow();
    });

    it('gives no fewer bytes than were asked for, but an error', async () => {
      const sha256 = await put(store, Buffer.alloc(100, 1));
      await expect(readAll(store.read(sha256, { start: 90, end: 100 }))).rejects.toThrow();
      await expect(readAll(store.read(sha256, { start: 100, end: 100 }))).rejects.toThrow();
    });

    it('takes back a chunk as soon as it is written, so that its memory can be used again', async () => {
      const chunk = Buffer.alloc(1000, 'a');
      const upload = await store.begin();
      await upload.write(chunk);
      chunk.fill('b');
      await upload.write(chunk);
      const sha256 = sha256Of(Buffer.from('a'.repeat(1000) + 'b'.repeat(1000)));
      await upload.commit(sha256);
      expect(sha256Of(await readAll(store.read(sha256)))).toBe(sha256);
    });

    it('refuses names that are no SHA-256', async () => {
      for (const name of ['', '../../../etc/passwd', 'A'.repeat(64), 'a'.repeat(63)]) {
        await expect(store.size(name)).rejects.toThrow(RangeError);
        const upload = await store.begin();
        await expect(upload.commit(name)).rejects.toThrow(RangeError);
      }
      expect(await list(store)).toEqual([]);
    });

    it('takes the same bytes twice', async () => {
      const bytes = Buffer.from('twice');
      const sha256 = await put(store, bytes);
      expect(await put(store, bytes)).toBe(sha256);
      expect((await readAll(store.read(sha256))).equals(bytes)).toBe(true);
      expect(await list(store)).toEqual([sha256]);
    });

    it('takes many at the same time', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => put(store, Buffer.from(`blob ${i}`))),
      );
      expect(await list(store)).toEqual([...all].sort());
    });

    it('keeps committed blobs over a crash and forgets uploads that were cut off', async () => {
      const kept = await put(store, Buffer.from('kept'));
      const cut = await store.begin();
      await cut.write(Buffer.from('cut off'));
      const again = await fixture.reopen();
      expect(await list(again)).toEqual([kept]);
      expect((await readAll(again.read(kept))).toString()).toBe('kept');
      await cut.abort();
    });

    it('takes the same bytes twice at the same time', async () => {
      const bytes = Buffer.alloc(100_000, 'same');
      const all = await Promise.all(Array.from({ length: 5 }, () => put(store, bytes)));
      expect(new Set(all).size).toBe(1);
      expect(await list(store)).toEqual([all[0]]);
      expect((await readAll(store.read(sha256Of(bytes)))).equals(bytes)).toBe(true);
    });

    it('lets a reader stop early', async () => {
      const sha256 = await put(store, Buffer.alloc(1_000_000, 7));
      for await (const part of store.read(sha256)) {
        expect(part.length).toBeGreaterThan(0);
        expect(part.length).toBeLessThan(1_000_000);
        break;
      }
    });
    if (links) linksContract(() => store);
  });
}

function linksContract(store: () => BlobStore): void {
  const link = async (sha256: string, valid_s: number): Promise<string> =>
    (await store().link?.(sha256, valid_s)) ?? '';

  it('gives links that anyone may read with, whole and by range', async () => {
    const bytes = Buffer.from('0123456789');
    const sha256 = await put(store(), bytes);
    const address = await link(sha256, 60);
    const whole = await fetch(address);
    expect([whole.status, await whole.text()]).toEqual([200, '0123456789']);
    expect(whole.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const part = await fetch(address, { headers: { range: 'bytes=7-' } });
    expect([part.status, await part.text()]).toEqual([206, '789']);
    expect(part.headers.get('content-range')).toBe('bytes 7-9/10');
  });

  it('gives links to one blob, for reading only, and for some days at most', async () => {
    const sha256 = await put(store(), Buffer.from('mine'));
    const other = await put(store(), Buffer.from('not mine'));
    const address = await link(sha256, 60);
    expect((await fetch(address.replace(sha256, other))).status).toBe(403);
    expect((await fetch(address, { method: 'DELETE' })).status).toBe(403);
    expect((await readAll(store().read(sha256))).toString()).toBe('mine');
    for (const valid_s of [0, 0.5, 8 * 24 * 3600, Number.NaN])
      await expect(link(sha256, valid_s)).rejects.toThrow(RangeError);
    await expect(link('../x', 60)).rejects.toThrow(RangeError);
  });
}

import { describe, expect, it } from 'vitest';
import { HotBlobs } from '../../../src/app/artifacts/hot-blobs.ts';

/** A store that counts how often it is read. */
function countingStore(blobs: Readonly<Record<string, Buffer>>, given = {}) {
  const calls = { size: 0, read: 0 };
  const store = {
    async size(sha256: string) {
      calls.size++;
      return blobs[sha256]?.length ?? null;
    },
    async *read(sha256: string, range?: { readonly start: number; readonly end: number }) {
      calls.read++;
      const bytes = blobs[sha256] ?? Buffer.alloc(0);
      yield range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    },
    ...given,
  };
  return { store, calls };
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('hot blobs', () => {
  it('gives the same bytes as the store and reads a small blob once, also for many at a time', async () => {
    const blob = Buffer.from('0123456789');
    const { store, calls } = countingStore({ a: blob });
    const hot = new HotBlobs(store);
    const parts = await Promise.all(
      [0, 3, 9].map((start) => all(hot.read('a', { start, end: 9 })).then(String)),
    );
    expect(parts).toEqual(['0123456789', '3456789', '9']);
    expect(String(await all(hot.read('a')))).toBe('0123456789');
    expect(calls).toEqual({ size: expect.any(Number), read: 1 });
  });

  it('passes large blobs and unknown ones on', async () => {
    const { store, calls } = countingStore({ large: Buffer.alloc(5 * 1024 * 1024, 7) });
    const hot = new HotBlobs(store);
    expect((await all(hot.read('large', { start: 1, end: 4 }))).length).toBe(4);
    expect((await all(hot.read('large', { start: 1, end: 4 }))).length).toBe(4);
    expect(calls.read).toBe(2);
    expect(await hot.size('nobody')).toBe(null);
  });

  it('keeps no more than its bound, and goes on giving what it has let go of', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `b${index}`);
    const { store, calls } = countingStore(
      Object.fromEntries(names.map((name, index) => [name, Buffer.alloc(4 * 1024 * 1024, index)])),
    );
    const hot = new HotBlobs(store);
    for (const name of names) await all(hot.read(name, { start: 0, end: 0 }));
    expect(calls.read).toBe(20);
    await all(hot.read('b19', { start: 0, end: 0 }));
    expect(calls.read).toBe(20);
    expect((await all(hot.read('b0', { start: 5, end: 5 }))).equals(Buffer.from([0]))).toBe(true);
    expect(calls.read).toBe(21);
  });

  it('forgets a read that failed, and refuses a range beyond the end', async () => {
    let broken = true;
    const { store } = countingStore(
      { a: Buffer.from('abc') },
      {
        async *read() {
          if (broken) throw new Error('the disk says no');
          yield Buffer.from('abc');
        },
      },
    );
    const hot = new HotBlobs(store);
    await expect(all(hot.read('a', { start: 0, end: 2 }))).rejects.toThrow('the disk says no');
    broken = false;
    expect(String(await all(hot.read('a', { start: 0, end: 2 })))).toBe('abc');
    await expect(all(hot.read('a', { start: 0, end: 3 }))).rejects.toThrow('ends before byte 3');
  });
});

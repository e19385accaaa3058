import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ContentKey,
  decrypt,
  decryptRange,
  encrypt,
  newContentKey,
  TamperedContentError,
} from '../../../src/app/artifacts/cipher.ts';
import { CHUNK_BYTES, ciphertextSize, TAG_BYTES } from '../../../src/protocol/content-format.ts';
import { bytesOf, collect, inChunksOf, sha256Of } from './bytes.ts';

const SEALED = CHUNK_BYTES + TAG_BYTES;
const fileId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

const seal = async (plain: Uint8Array, secret: ContentKey): Promise<Uint8Array> =>
  collect(encrypt(inChunksOf(plain, 10_007), secret).chunks);
const openSealed = (sealed: Uint8Array, secret: ContentKey): Promise<Uint8Array> =>
  collect(decrypt(inChunksOf(sealed, 9973), secret));

/** Made by another implementation (Python's cryptography package). */
const { key, vectors } = JSON.parse(readFileSync(join(import.meta.dirname, 'content-vectors.json'), 'utf8'));

describe('the content format', () => {
  const secret = { fileId, key: Buffer.from(key, 'hex') };

  it.each(vectors as Record<string, string | number>[])(
    'makes the bytes of the vector of $plaintextSize bytes',
    async (vector) => {
      const plain = Uint8Array.from({ length: Number(vector['plaintextSize']) }, (_, i) => i % 251);
      const encryption = encrypt(inChunksOf(plain, 4096, 1, 70_000), secret);
      const sealed = await collect(encryption.chunks);
      expect(encryption.measured()).toEqual({
        plaintext: { sha256: vector['plaintextSha256'], size: plain.length },
        ciphertext: { sha256: vector['ciphertextSha256'], size: vector['ciphertextSize'] },
      });
      expect(sealed.length).toBe(ciphertextSize(plain.length));
      if (vector['ciphertext'] !== undefined)
        expect(Buffer.from(sealed).toString('hex')).toBe(vector['ciphertext']);
      expect(sha256Of(await openSealed(sealed, secret))).toBe(vector['plaintextSha256']);
    },
  );

  it('any range is what the whole has there', async () => {
    const plain = bytesOf(3 * CHUNK_BYTES + 17);
    const own = newContentKey(fileId);
    const sealed = await seal(plain, own);
    const at = (max: number) => fc.integer({ min: 0, max });
    await fc.assert(
      fc.asyncProperty(at(plain.length - 1), at(plain.length - 1), async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) };
        const read = (part: { start: number; end: number }) =>
          inChunksOf(sealed.subarray(part.start, part.end + 1), 5003);
        const got = await collect(decryptRange(read, sealed.length, range, own));
        expect(Buffer.compare(got, plain.subarray(range.start, range.end + 1))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses a range outside the file', async () => {
    const own = newContentKey(fileId);
    const sealed = await seal(bytesOf(10), own);
    const read = () => inChunksOf(sealed, 100);
    await expect(collect(decryptRange(read, sealed.length, { start: 0, end: 10 }, own))).rejects.toThrow(
      RangeError,
    );
    await expect(collect(decryptRange(read, sealed.length, { start: 5, end: 4 }, own))).rejects.toThrow(
      RangeError,
    );
  });

  it('measures only what has been read to the end', async () => {
    const encryption = encrypt(inChunksOf(bytesOf(100), 10), newContentKey(fileId));
    expect(() => encryption.measured()).toThrow('not been read');
    await collect(encryption.chunks);
    expect(encryption.measured().plaintext.size).toBe(100);
  });

  it('passes an error of the source on', async () => {
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield bytesOf(100_000);
      throw new Error('connection lost');
    }
    const encryption = encrypt(cut(), newContentKey(fileId));
    await expect(collect(encryption.chunks)).rejects.toThrow('connection lost');
    expect(() => encryption.measured()).toThrow();
  });
});

describe('whatever is done to the ciphertext is seen', () => {
  const secret = newContentKey(fileId);
  const plain = bytesOf(2 * CHUNK_BYTES + 1000);
  const chunks = (sealed: Uint8Array): Uint8Array[] =>
    [0, 1, 2].map((i) => sealed.subarray(i * SEALED, (i + 1) * SEALED));
  const refused = async (bytes: Uint8Array, other: ContentKey = secret): Promise<void> => {
    await expect(openSealed(bytes, other)).rejects.toThrow(TamperedContentError);
  };

  it('any flipped bit', async () => {
    const sealed = await seal(plain, secret);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(7), async (at, bit) => {
        const altered = Uint8Array.from(sealed);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        await refused(altered);
      }),
      { numRuns: 60 },
    );
  });

  it('every byte of a small file', async () => {
    const sealed = await seal(bytesOf(20), secret);
    for (let at = 0; at < sealed.length; at++) {
      const altered = Uint8Array.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await refused(altered);
    }
  });

  it('a chunk dropped, doubled, swapped, or bytes cut off anywhere', async () => {
    const sealed = await seal(plain, secret);
    const [a, b, c] = chunks(sealed) as [Uint8Array, Uint8Array, Uint8Array];
    for (const parts of [
      [b, c],
      [a, c],
      [a, b],
      [a],
      [],
      [a, a, b, c],
      [a, b, b, c],
      [a, b, c, c],
      [b, a, c],
      [a, c, b],
    ])
      await refused(Buffer.concat(parts));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), (length) => refused(sealed.subarray(0, length))),
      { numRuns: 30 },
    );
    await refused(Buffer.concat([sealed, Buffer.from([0])]));
  });

  it('a chunk of another file, also under the same key', async () => {
    const other = { ...secret, fileId: '6f9619ff-8b86-4d01-b42d-00cf4fc96500' };
    const mine = chunks(await seal(plain, secret));
    const foreign = chunks(await seal(plain, other));
    await refused(Buffer.concat([mine[0] ?? [], foreign[1] ?? [], mine[2] ?? []] as Uint8Array[]));
    await refused(Buffer.concat(mine), other);
    await refused(Buffer.concat(mine), newContentKey(fileId));
  });

  it('in a range too, and a file that is shorter than its size says', async () => {
    const sealed = Uint8Array.from(await seal(plain, secret));
    sealed[SEALED + 5] = (sealed[SEALED + 5] ?? 0) ^ 1;
    const read = (part: { start: number; end: number }) =>
      inChunksOf(sealed.subarray(part.start, part.end + 1), 7000);
    const range = (start: number, end: number) =>
      collect(decryptRange(read, sealed.length, { start, end }, secret));
    await expect(range(CHUNK_BYTES, CHUNK_BYTES + 1)).rejects.toThrow(TamperedContentError);
    await expect(range(0, 10)).resolves.toHaveLength(11);
    const short = (part: { start: number; end: number }) =>
      inChunksOf(sealed.subarray(0, SEALED).subarray(part.start, part.end + 1), 7000);
    await expect(
      collect(decryptRange(short, sealed.length, { start: 0, end: plain.length - 1 }, secret)),
    ).rejects.toThrow(TamperedContentError);
  });
});

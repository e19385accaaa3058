/** What every staging store must do. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStoreWithStaging } from '../../../src/app/ports/artifact-store.ts';
import type { StagedObject } from '../../../src/app/ports/staging-store.ts';
import { put } from './blob-store-contract.ts';

export interface StagingFixture {
  readonly store: BlobStoreWithStaging;
  /** The same store, opened anew as after a crash or by another process. */
  reopen(): Promise<BlobStoreWithStaging>;
  dispose(): Promise<void>;
}

const GROUP = 'ab12';
const OTHER = 'cd34';
const PIECE_BYTES = 9 * 1024 * 1024;

async function listed(store: BlobStoreWithStaging, groupPrefix = ''): Promise<StagedObject[]> {
  const all: StagedObject[] = [];
  for await (const object of store.staging.list(groupPrefix)) all.push(object);
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}
const text = async (store: BlobStoreWithStaging, name: string): Promise<string> =>
  Buffer.from((await store.staging.get(name)) ?? []).toString();
const namesOf = async (store: BlobStoreWithStaging, groupPrefix = ''): Promise<string[]> =>
  (await listed(store, groupPrefix)).map(({ name }) => name);

export function stagingContract(name: string, open: () => Promise<StagingFixture>): void {
  describe(`staging store: ${name}`, () => {
    let fixture: StagingFixture;
    let store: BlobStoreWithStaging;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(() => fixture.dispose());

    it('gives back what was put, with its size and time, also after a crash', async () => {
      const bytes = randomBytes(300_000);
      expect(await store.staging.put(`${GROUP}/p0`, bytes)).toBe(true);
      const again = await fixture.reopen();
      expect(bytes.equals((await again.staging.get(`${GROUP}/p0`)) ?? Buffer.alloc(0))).toBe(true);
      const [object] = await listed(again);
      expect(object).toMatchObject({ name: `${GROUP}/p0`, size: bytes.length });
      // Clocks of stores may be off by a minute (`doctor` says so).
      expect(Math.abs(Date.now() - (object?.modifiedAt ?? 0))).toBeLessThan(600_000);
    });

    it('keeps an object as it is when another of its name comes', async () => {
      expect(await store.staging.put(`${GROUP}/p0`, Buffer.from('first'))).toBe(true);
      expect(await store.staging.put(`${GROUP}/p0`, Buffer.from('second'))).toBe(false);
      expect(await text(store, `${GROUP}/p0`)).toBe('first');
      // As large as a piece: stores may refuse it in another way.
      expect(await store.staging.put(`${GROUP}/p0`, Buffer.alloc(PIECE_BYTES))).toBe(false);
      expect(await text(store, `${GROUP}/p0`)).toBe('first');
    });

    it('lets one of many writers of a name win', async () => {
      const other = await fixture.reopen();
      const writers = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? store : other));
      const won = await Promise.all(
        writers.map(({ staging }, i) => staging.put(`${GROUP}/p0`, Buffer.from(`writer ${i}`))),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await text(other, `${GROUP}/p0`)).toBe(`writer ${won.indexOf(true)}`);
    });

    it('lists by the beginning of a group', async () => {
      for (const name of [`${GROUP}/p1`, `${GROUP}/p0`, `${OTHER}/upload`])
        await store.staging.put(name, Buffer.from(name));
      expect(await namesOf(store)).toEqual([`${GROUP}/p0`, `${GROUP}/p1`, `${OTHER}/upload`]);
      expect(await namesOf(store, 'ab')).toEqual([`${GROUP}/p0`, `${GROUP}/p1`]);
      expect(await namesOf(store, OTHER)).toEqual([`${OTHER}/upload`]);
      expect(await namesOf(store, 'ef')).toEqual([]);
    });

    it('removes what is there, and does not mind what is not', async () => {
      for (const name of [`${GROUP}/p0`, `${GROUP}/p1`, `${OTHER}/p0`])
        await store.staging.put(name, Buffer.from(name));
      await store.staging.remove([`${GROUP}/p0`, `${GROUP}/p9`, 'ee/p0']);
      await store.staging.remove([]);
      expect(await namesOf(store)).toEqual([`${GROUP}/p1`, `${OTHER}/p0`]);
      expect(await store.staging.get(`${GROUP}/p0`)).toBeNull();
      expect(await store.staging.put(`${GROUP}/p0`, Buffer.from('anew'))).toBe(true);
    });

    it('is no place of blobs, nor they of it', async () => {
      await store.staging.put(`${GROUP}/p0`, Buffer.from('staged'));
      const sha256 = await put(store, Buffer.from('a blob'));
      const blobs: string[] = [];
      for await (const blob of store.list()) blobs.push(blob);
      expect(blobs).toEqual([sha256]);
      expect(await namesOf(store)).toEqual([`${GROUP}/p0`]);
    });

    it('refuses names that are none', async () => {
      for (const wrong of ['', 'p0', '../x', `${GROUP}/../p0`, `${GROUP}/P0`, 'xyz/p0', `${GROUP}/p0/q`]) {
        await expect(store.staging.put(wrong, Buffer.from('x'))).rejects.toThrow(RangeError);
        await expect(store.staging.get(wrong)).rejects.toThrow(RangeError);
        await expect(store.staging.remove([wrong])).rejects.toThrow(RangeError);
      }
      await expect(listed(store, '../')).rejects.toThrow(RangeError);
      expect(await namesOf(store)).toEqual([]);
    });
  });
}

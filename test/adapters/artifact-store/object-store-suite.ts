/** What the adapters of object stores must live through, on real servers. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EngineName, RunningEngine } from '../../../scripts/engines/engine.ts';
import type {
  ObjectBlobStore,
  ObjectBlobStoreOptions,
} from '../../../src/adapters/artifact-store/object-blob-store.ts';
import type { ObjectStorage } from '../../../src/adapters/artifact-store/object-storage.ts';
import { checkIntegrity } from '../../../src/app/artifacts/integrity.ts';
import type { Finding } from '../../../src/app/ports/probe.ts';
import { ID, openWorkbench } from '../../app/artifacts/workbench.ts';
import { put, readAll } from '../../contract/blob-store/blob-store-contract.ts';
import { engine, recipe, serverDirectory, type TestEngine } from '../../support/engines.ts';
import { type Relay, startRelay } from './relay.ts';

interface Limits {
  readonly partBytes?: number;
  readonly copyBytes?: number;
}

export interface ObjectStoreSubject {
  readonly engine: EngineName;
  /** Name of the setting that errors must name. */
  readonly setting: string;
  /** How it is ended in the middle of its work. */
  readonly death: 'SIGKILL' | 'SIGTERM';
  /** The smallest part that the server takes. */
  readonly partBytes: number;
  /** `place` keeps tests apart: letters, digits and hyphens. */
  open(url: string, place: string, options: ObjectBlobStoreOptions & Limits): Promise<ObjectBlobStore>;
  storage(url: string, place: string, limits: Limits): ObjectStorage;
  probe(url: string, place: string): Promise<Finding[]>;
  /** Changes one byte of a blob where the server keeps it. */
  flip(directory: string, place: string, sha256: string, start: Buffer): Promise<void>;
}

const MIB = 1024 * 1024;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** Bytes in buffers that somebody still holds. */
const memory = (): number => {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};
const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const through = (url: string, port: number): string =>
  url.replace(/127\.0\.0\.1(:|%3A)\d+/, (_, colon: string) => `127.0.0.1${colon}${port}`);
const portOf = (url: string): number => Number(/127\.0\.0\.1(?::|%3A)(\d+)/.exec(url)?.[1]);

export function objectStoreSuite(subject: ObjectStoreSubject): void {
  const { partBytes } = subject;
  let server: TestEngine;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await engine(subject.engine);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    said.length = 0;
  });

  const said: string[] = [];
  const log: ObjectBlobStoreOptions['log'] = (level, message) => said.push(`${level}: ${message}`);
  const openAt = async (
    url: string,
    place: string,
    options: Partial<ObjectBlobStoreOptions> & Limits = {},
  ) => {
    const store = await subject.open(url, place, { log, ...options });
    ends.push(() => store.close());
    return store;
  };
  const relayTo = async (url: string): Promise<Relay> => {
    const relay = await startRelay(portOf(url));
    ends.push(() => relay.close());
    return relay;
  };
  /** How much of ended or cut-off uploads lies there. Removes it. */
  const leftovers = async (url: string, place: string): Promise<number> => {
    const storage = subject.storage(url, place, {});
    ends.push(() => storage.close());
    return await storage.sweep(new Date(Date.now() + 60_000));
  };
  const names = (store: ObjectBlobStore): Promise<string[]> => collect(store.list());

  describe('uploads in parts', () => {
    it('give back what came, whatever the size, and leave nothing else', async () => {
      const place = randomUUID();
      const store = await openAt(server.url, place, { partBytes, copyBytes: partBytes });
      const all = randomBytes(2 * partBytes + 1);
      for (const size of [partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, all.length]) {
        const bytes = all.subarray(0, size);
        const sha256 = await put(
          store,
          bytes.subarray(0, 10),
          bytes.subarray(10, size - 3),
          bytes.subarray(size - 3),
        );
        expect(await store.size(sha256)).toBe(size);
        expect(sha256Of(await readAll(store.read(sha256)))).toBe(sha256);
      }
      expect(await names(store)).toHaveLength(5);
      expect(await leftovers(server.url, place)).toBe(0);
      expect(store.stats()).toMatchObject({ uploads: 5, uploads_aborted: 0, reads_open: 0 });
    });

    it('of the same bytes, one after another and at the same time, are one blob', async () => {
      const place = randomUUID();
      const store = await openAt(server.url, place, { partBytes, copyBytes: partBytes });
      const bytes = randomBytes(partBytes + 1);
      const all = await Promise.all([put(store, bytes), put(store, bytes)]);
      expect(await put(store, bytes)).toBe(all[0]);
      expect(await names(store)).toEqual([all[0]]);
      expect(sha256Of(await readAll(store.read(all[0])))).toBe(all[0]);
      expect(await leftovers(server.url, place)).toBe(0);
    });

    it('that are aborted leave nothing', async () => {
      const place = randomUUID();
      const store = await openAt(server.url, place, { partBytes });
      const upload = await store.begin();
      await upload.write(randomBytes(2 * partBytes + 1));
      await upload.abort();
      expect(await names(store)).toEqual([]);
      expect(await leftovers(server.url, place)).toBe(0);
      expect(store.stats()).toMatchObject({ uploads_aborted: 1, failures: 0 });
      expect(store.reachable()).toBe(true);
    });

    it('that were cut off are removed when they are a day old, and not before', async () => {
      const place = randomUUID();
      const store = await openAt(server.url, place);
      const kept = await put(store, randomBytes(10));
      const storage = subject.storage(server.url, place, {});
      ends.push(() => storage.close());
      const cut = await storage.begin();
      await cut.send(1, randomBytes(partBytes), new AbortController().signal);
      expect(await store.sweep()).toBe(0);
      expect(await leftovers(server.url, place)).toBe(1);
      expect(await leftovers(server.url, place)).toBe(0);
      expect(await names(store)).toEqual([kept]);
    });

    it('hold a few parts in memory, however large they are', async () => {
      const store = await openAt(server.url, randomUUID(), { partBytes });
      const part = randomBytes(partBytes);
      const hash = createHash('sha256');
      const upload = await store.begin();
      const before = memory();
      let most = 0;
      for (let parts = 1; parts <= 40; parts++) {
        part.writeUInt32LE(parts);
        hash.update(part);
        await upload.write(part);
        if (parts % 4 === 0) most = Math.max(most, memory() - before);
      }
      await upload.commit(hash.digest('hex'));
      // Four on their way, one being filled, and what the client and its sockets still hold of those that have arrived,
      // which is more on a busy machine: half of all would be too many.
      expect(most).toBeLessThan(20 * partBytes);
      await vi.waitFor(() => expect(memory() - before).toBeLessThan(partBytes), { timeout: 15_000 });
    });
  });

  describe('a broken connection', () => {
    it('in the middle of a download is mended, and no byte comes twice', async () => {
      const relay = await relayTo(server.url);
      const store = await openAt(through(server.url, relay.port), randomUUID());
      const bytes = randomBytes(3 * MIB);
      const sha256 = await put(store, bytes);
      relay.cutAfter(MIB);
      expect(sha256Of(await readAll(store.read(sha256)))).toBe(sha256);
      relay.cutAfter(MIB);
      const part = await readAll(store.read(sha256, { start: 1000, end: 2 * MIB }));
      expect(part.equals(bytes.subarray(1000, 2 * MIB + 1))).toBe(true);
    });

    it.each([100, partBytes + 100])(
      'that loses any one answer in the middle of a commit makes it neither fail nor count twice: %d bytes',
      async (size) => {
        const relay = await relayTo(server.url);
        const place = randomUUID();
        const store = await openAt(through(server.url, relay.port), place, {
          partBytes,
          copyBytes: partBytes,
        });
        let committed = 0;
        do {
          const bytes = randomBytes(size);
          const upload = await store.begin();
          await upload.write(bytes);
          relay.loseAnswer(committed);
          await upload.commit(sha256Of(bytes));
          committed++;
          expect(sha256Of(await readAll(store.read(sha256Of(bytes))))).toBe(sha256Of(bytes));
        } while (relay.lost() && committed < 8);
        expect(committed).toBeGreaterThan(1);
        expect(await names(store)).toHaveLength(committed);
        expect(store.stats()).toMatchObject({ uploads: committed, uploads_aborted: 0 });
      },
    );

    it('is closed when a reader stops early, so that none is leaked', async () => {
      const relay = await relayTo(server.url);
      const store = await openAt(through(server.url, relay.port), randomUUID());
      const sha256 = await put(store, randomBytes(4 * MIB));
      await readAll(store.read(sha256, { start: 0, end: 9 }));
      const idle = relay.open();
      for (let i = 0; i < 20; i++) for await (const _ of store.read(sha256)) break;
      await vi.waitFor(() => expect(relay.open()).toBeLessThanOrEqual(idle));
      expect(store.stats()['reads_open']).toBe(0);
    });

    it('is refused: the error names the store and the setting, and no secret', async () => {
      const dead = through(server.url, 1);
      const refused = openAt(dead, randomUUID());
      await expect(refused).rejects.toMatchObject({ name: 'BlobStoreError', code: 'unreachable' });
      const message = await refused.catch(String);
      expect(message).toMatch(/127\.0\.0\.1:1\b.*ECONNREFUSED/);
      expect(message).toContain(subject.setting);
      for (const secret of secretsOf(server.url)) expect(message).not.toContain(secret);
    });
  });

  describe('a server that dies', () => {
    let own: RunningEngine;
    let directory: string;
    beforeAll(async () => {
      directory = serverDirectory(subject.engine);
      own = await recipe(subject.engine).start({ directory });
    });
    afterAll(() => own.stop());

    it('in the middle of an upload leaves nothing to be seen, and the next attempt succeeds', async () => {
      const place = randomUUID();
      const store = await openAt(own.url, place, { partBytes, copyBytes: partBytes });
      const bytes = randomBytes(3 * partBytes);
      const upload = await store.begin();
      await upload.write(bytes.subarray(0, 2 * partBytes + 1));
      // Azurite has its metadata on disk only after an orderly end, and a second SIGTERM cuts that short.
      if (subject.death === 'SIGKILL') own.kill('SIGKILL');
      await own.stop();
      const rest = async () => {
        await upload.write(bytes.subarray(2 * partBytes + 1));
        await upload.commit(sha256Of(bytes));
      };
      await expect(rest()).rejects.toMatchObject({ code: 'unreachable' });
      expect(store.reachable()).toBe(false);
      await upload.abort();
      own = await recipe(subject.engine).start({ directory });
      expect(await names(store)).toEqual([]);
      expect(await store.size(sha256Of(bytes))).toBeNull();
      expect(store.reachable()).toBe(true);
      expect(said).toEqual([
        expect.stringMatching(/^warn: the artifact store can't be reached: .*ECONN/),
        expect.stringMatching(/^warn: an ended upload could not be removed/),
        'info: the artifact store answers again',
      ]);
      expect(store.stats()['failures']).toBeGreaterThan(0);
      const sha256 = await put(store, bytes);
      expect(sha256Of(await readAll(store.read(sha256)))).toBe(sha256);
    });

    if (subject.death === 'SIGKILL')
      it('right after a commit still has all of it', async () => {
        const store = await openAt(own.url, randomUUID(), { partBytes });
        const sha256 = await put(store, randomBytes(partBytes + 1));
        own.kill('SIGKILL');
        await own.stop();
        own = await recipe(subject.engine).start({ directory });
        expect(await names(store)).toEqual([sha256]);
        expect(sha256Of(await readAll(store.read(sha256)))).toBe(sha256);
      });

    it('and has one byte of a blob changed is found out by the check of every stored byte', async () => {
      const place = randomUUID();
      const store = await openAt(own.url, place);
      const bench = await openWorkbench({ blobs: store });
      ends.push(() => bench.dispose());
      await bench.register();
      await bench.upload(randomBytes(200_000));
      const sha256 = (await bench.artifact()).files[0]?.ciphertext.sha256 ?? '';
      const check = () => collect(checkIntegrity({ ...bench.deps, store: bench.store }));
      expect(await check()).toEqual([{ sha256, artifactId: ID, ok: true, problem: null }]);
      const start = await readAll(store.read(sha256, { start: 0, end: 63 }));
      await subject.flip(directory, place, sha256, start);
      expect(await check()).toEqual([
        { sha256, artifactId: ID, ok: false, problem: expect.stringMatching(/image\.bin: /) },
      ]);
    });
  });

  describe('opened for reading only', () => {
    it('reads, makes nothing, and refuses uploads', async () => {
      const place = randomUUID();
      const store = await openAt(server.url, place);
      const sha256 = await put(store, Buffer.from('here'));
      const reader = await openAt(server.url, place, { readOnly: true });
      expect((await readAll(reader.read(sha256))).toString()).toBe('here');
      await expect(reader.begin()).rejects.toThrow('reading only');
    });
  });

  describe('the probe', () => {
    it('of a store that works finds nothing wrong and leaves nothing', async () => {
      const place = randomUUID();
      await openAt(server.url, place);
      const findings = await subject.probe(server.url, place);
      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(findings.map(({ check }) => check)).toEqual([
        'artifact store',
        'artifact store permissions',
        'artifact store clock',
        'artifact store rules',
      ]);
      expect(findings[2]?.detail).toMatch(/^ours is \d+ s (ahead|behind)$/);
      expect(await leftovers(server.url, place)).toBe(0);
    });

    it('says where nobody answers, and what to do', async () => {
      const [finding, ...more] = await subject.probe(through(server.url, 1), randomUUID());
      expect(more).toEqual([]);
      expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') });
      expect(finding?.advice).toContain(subject.setting);
    });
  });
}

const secretsOf = (url: string): string[] =>
  [...url.matchAll(/(?:secretAccessKey|AccountKey)=([^;&]+)/g)].map((match) => match[1] ?? '');

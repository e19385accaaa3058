import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkIntegrity, type IntegrityReport } from '../../../src/app/artifacts/integrity.ts';
import type {
  ResumableUploads,
  ResumableUploadsDeps,
  Sent,
  UploadView,
} from '../../../src/app/artifacts/resumable-uploads.ts';
import { contentSize } from '../../../src/app/artifacts/sealed-object.ts';
import { copyBlobs } from '../../../src/app/copy/copy-blobs.ts';
import { bytesOf, inChunksOf, sha256Of } from './bytes.ts';
import { createMemoryStaging } from './memory-staging.ts';
import { by, good, ID, openWorkbench, type Workbench } from './workbench.ts';

const PIECE = 10_000;
const FILE = bytesOf(35_000, 7);
const dev = by('dev');

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
  await bench.register();
});
afterEach(() => bench.dispose());

const processOf = (more: Partial<ResumableUploadsDeps> = {}) => bench.uploads({ pieceBytes: PIECE, ...more });

const declared = (bytes: Uint8Array, fileName = 'image.bin') => ({
  fileName,
  size: bytes.length,
  sha256: sha256Of(bytes),
  metadata: `filename ${fileName}`,
});

async function begun(uploads: ResumableUploads, bytes = FILE, who = dev): Promise<UploadView> {
  const answer = await uploads.begin(ID, declared(bytes), who);
  if (!answer.ok) throw new Error(answer.rejection.message);
  return answer.upload;
}

/** Bytes `from..to` of the file, in packets. */
const part = (from: number, to: number, bytes = FILE): Sent => ({
  offset: from,
  length: to - from,
  bytes: inChunksOf(bytes.subarray(from, to), 3000, 1, 700),
});

/** The same, and then the connection breaks. */
const cut = (from: number, to: number): Sent => ({
  offset: from,
  length: FILE.length - from,
  bytes: (async function* () {
    yield* inChunksOf(FILE.subarray(from, to), 3000);
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  })(),
});

const offsetOf = async (uploads: ResumableUploads, id: string): Promise<number | string> => {
  const found = await uploads.look(ID, id, dev);
  return found.ok ? found.upload.offset : found.rejection.code;
};
const reports = async (): Promise<IntegrityReport[]> => {
  const all: IntegrityReport[] = [];
  for await (const report of checkIntegrity({ ...bench.deps, store: bench.store })) all.push(report);
  return all;
};
const codeOf = (answer: { ok: true } | { ok: false; rejection: { code: string } }): string =>
  answer.ok ? 'ok' : answer.rejection.code;
const staged = (): string[] =>
  existsSync(join(bench.directory, 'staged'))
    ? (readdirSync(join(bench.directory, 'staged'), { recursive: true, encoding: 'utf8' }) as string[])
    : [];
const pieces = (): string[] => staged().filter((name) => /\/p\d+$/.test(name));

describe('an upload in one request', () => {
  it('is stored with the same events as one by PUT, and what was staged is removed', async () => {
    const uploads = processOf();
    const { uploadId, offset, expiresAt } = await begun(uploads);
    expect([offset, expiresAt === null]).toEqual([0, false]);
    const taken = await uploads.receive(ID, uploadId, part(0, FILE.length), dev);
    expect(taken).toMatchObject({ ok: true, upload: { offset: FILE.length, expiresAt: null } });
    expect(await bench.events()).toEqual(['ArtifactRegistered', 'FileStored']);
    const [file] = (await bench.artifact()).files;
    expect(file).toMatchObject({ name: 'image.bin', size: FILE.length, sha256: sha256Of(FILE), by: 'dev' });
    expect(pieces()).toEqual([]);
    expect(await bench.incoming()).toEqual([]);
    expect(await reports()).toMatchObject([{ ok: true, artifactId: ID }]);
    expect((await bench.service.validate(ID, good, by('val'))).ok).toBe(true);
  });

  it.each([0, 1, PIECE, PIECE - 1, PIECE + 1, 2 * PIECE])('takes a file of %d bytes', async (size) => {
    const bytes = bytesOf(size, 3);
    const uploads = processOf();
    const { uploadId } = await begun(uploads, bytes);
    if (size > 0) expect(codeOf(await uploads.receive(ID, uploadId, part(0, size, bytes), dev))).toBe('ok');
    expect((await bench.artifact()).files).toMatchObject([{ size, sha256: sha256Of(bytes) }]);
    expect(await offsetOf(uploads, uploadId)).toBe(size);
  });
});

describe('an upload that is cut off', () => {
  it('keeps every byte that came, and goes on in another process', async () => {
    const { uploadId } = await begun(processOf());
    expect(codeOf(await processOf().receive(ID, uploadId, cut(0, 23_456), dev))).toBe('upload-incomplete');
    const other = processOf();
    expect(await offsetOf(other, uploadId)).toBe(23_456);
    expect(pieces()).toHaveLength(3);
    expect(await bench.events()).toEqual(['ArtifactRegistered']);
    expect(codeOf(await other.receive(ID, uploadId, part(23_456, 30_000), dev))).toBe('ok');
    expect(await offsetOf(processOf(), uploadId)).toBe(30_000);
    const last = await processOf().receive(ID, uploadId, part(30_000, FILE.length), dev);
    expect(last).toMatchObject({ ok: true, outcome: { events: [{ type: 'FileStored' }] } });
    expect((await bench.artifact()).files).toMatchObject([{ sha256: sha256Of(FILE) }]);
  });

  it('is found again by who declares the same, and by nobody else', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 12_000), dev);
    expect(await begun(processOf())).toMatchObject({ uploadId, offset: 12_000 });
    const other = await begun(processOf(), FILE, by('eve'));
    expect(other.uploadId).not.toBe(uploadId);
    expect(other.offset).toBe(0);
    expect(codeOf(await uploads.receive(ID, uploadId, part(12_000, 13_000), by('eve')))).toBe(
      'not-your-upload',
    );
    expect(codeOf(await uploads.cancel(ID, uploadId, by('eve')))).toBe('not-your-upload');
    expect((await uploads.list(ID, dev)).map(({ offset, by: who }) => [offset, who]).sort()).toEqual([
      [0, 'eve'],
      [12_000, 'dev'],
    ]);
  });

  it('moves its offset only when a piece is durable, and never to the end before the file is stored', async () => {
    const failing = { ...bench.service, upload: () => Promise.reject(new Error('the store is away')) };
    const { uploadId } = await begun(processOf());
    const uploads = processOf({ artifacts: failing });
    await expect(uploads.receive(ID, uploadId, part(0, FILE.length), dev)).rejects.toThrow('away');
    expect(await offsetOf(uploads, uploadId)).toBe(30_000);
    const again = await processOf().receive(ID, uploadId, part(30_000, FILE.length), dev);
    expect(codeOf(again)).toBe('ok');
  });

  it('gives the same answer when the last bytes come again', async () => {
    const { uploadId } = await begun(processOf());
    await processOf().receive(ID, uploadId, part(0, FILE.length), dev);
    const again = await processOf().receive(ID, uploadId, part(30_000, FILE.length), dev);
    expect(again).toMatchObject({ ok: true, upload: { offset: FILE.length }, outcome: { events: [] } });
    expect(codeOf(await processOf().receive(ID, uploadId, part(0, 5000), dev))).toBe('offset-mismatch');
    expect(await begun(processOf())).toMatchObject({ offset: FILE.length, expiresAt: null });
    expect(await bench.events()).toEqual(['ArtifactRegistered', 'FileStored']);
  });
});

describe('two that send into one upload', () => {
  /** Gives some bytes, and then nothing until it is told to end. */
  const stalled = (from: number, to: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const sent: Sent = {
      offset: from,
      length: FILE.length - from,
      bytes: (async function* () {
        yield FILE.subarray(from, to);
        reached.resolve();
        await promise;
        throw new Error('aborted');
      })(),
    };
    return { sent, reached: reached.promise, end: resolve };
  };

  it('in one process: the newer one goes on, the older one is told so', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    const dead = stalled(0, 15_000);
    const first = uploads.receive(ID, uploadId, dead.sent, dev);
    await dead.reached;
    const second = await uploads.receive(ID, uploadId, part(10_000, FILE.length), dev);
    expect(codeOf(second)).toBe('ok');
    expect(codeOf(await first)).toBe('upload-taken-over');
    expect((await bench.artifact()).files).toMatchObject([{ sha256: sha256Of(FILE) }]);
    dead.end();
  });

  it('in two processes: one finds out, nothing is mixed', async () => {
    const [one, two] = [processOf(), processOf()];
    const { uploadId } = await begun(one);
    const dead = stalled(0, 5000);
    const first = one.receive(ID, uploadId, dead.sent, dev);
    await dead.reached;
    expect(codeOf(await two.receive(ID, uploadId, part(0, 12_000), dev))).toBe('ok');
    dead.end();
    const late = await first;
    expect(late).toMatchObject({ ok: false, rejection: { code: 'offset-mismatch', details: { offset: 0 } } });
    expect(await offsetOf(one, uploadId)).toBe(12_000);
    expect(codeOf(await one.receive(ID, uploadId, part(12_000, FILE.length), dev))).toBe('ok');
    expect((await bench.artifact()).files).toMatchObject([{ sha256: sha256Of(FILE) }]);
  });

  it.each([
    ['before it has read the pieces back', 'p0000000000000000', false],
    ['after it has', 'p0000000000020000', true],
  ])(
    'in two processes with the last bytes: one is overtaken %s, both are answered well',
    async (_, at, has) => {
      const [one, two] = [processOf(), processOf()];
      const { uploadId } = await begun(one);
      await one.receive(ID, uploadId, part(0, 30_000), dev);
      const reached = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      const { staging } = bench.blobs;
      const said: string[] = [];
      const slow = processOf({
        log: (_level, message) => said.push(message),
        staging: {
          ...staging,
          get: async (name) => {
            const early = has ? await staging.get(name) : null;
            if (name.endsWith(at)) {
              reached.resolve();
              await go.promise;
            }
            return early ?? staging.get(name);
          },
        },
      });
      const late = slow.receive(ID, uploadId, part(30_000, FILE.length), dev);
      await reached.promise;
      expect(await two.receive(ID, uploadId, part(30_000, FILE.length), dev)).toMatchObject({ ok: true });
      go.resolve();
      expect(await late).toMatchObject({
        ok: true,
        upload: { offset: FILE.length },
        outcome: { events: [] },
      });
      expect(said).toEqual([]);
      // Each encrypts with a key of its own: a second one would lie there for ever.
      const blobs: string[] = [];
      for await (const blob of bench.blobs.list()) blobs.push(blob);
      expect(blobs).toEqual((await bench.artifact()).files.map(({ ciphertext }) => ciphertext.sha256));
    },
  );

  it('when the process ends: what came is kept, and the sender told to come back', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    const endless = stalled(0, 13_000);
    const answer = uploads.receive(ID, uploadId, endless.sent, dev);
    await endless.reached;
    uploads.interrupt();
    expect(codeOf(await answer)).toBe('shutting-down');
    expect(await offsetOf(processOf(), uploadId)).toBe(13_000);
    endless.end();
  });

  it('when the process ends while the file is put together: the last bytes come again', async () => {
    const uploads: ResumableUploads = processOf({
      staging: {
        ...bench.blobs.staging,
        get: (name) => {
          if (name.endsWith('p0000000000000000')) uploads.interrupt();
          return bench.blobs.staging.get(name);
        },
      },
    });
    const { uploadId } = await begun(uploads);
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length), dev))).toBe('shutting-down');
    expect(await bench.incoming()).toEqual([]);
    expect(await offsetOf(processOf(), uploadId)).toBe(30_000);
    expect(codeOf(await processOf().receive(ID, uploadId, part(30_000, FILE.length), dev))).toBe('ok');
  });

  it('knows its own piece when the answer of the store was lost', async () => {
    const staging = createMemoryStaging();
    const { put } = staging;
    // It is written, and then said to have been there: what a retry makes of a lost answer.
    const uploads = processOf({
      staging: { ...staging, put: async (name, bytes) => !(await put(name, bytes)) && false },
    });
    const { uploadId } = await begun(uploads);
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length), dev))).toBe('ok');
  });
});

describe('what is refused', () => {
  const refusals: readonly [string, () => Promise<string>][] = [
    ['artifact-not-found', async () => codeOf(await processOf().begin('none@1', declared(FILE), dev))],
    [
      'body-too-large',
      async () => codeOf(await processOf({ maxFileBytes: 10 }).begin(ID, declared(FILE), dev)),
    ],
    [
      'file-differs',
      async () => {
        await bench.upload(bytesOf(10));
        return codeOf(await processOf().begin(ID, declared(FILE), dev));
      },
    ],
    [
      'artifact-frozen',
      async () => {
        const { uploadId } = await begun(processOf());
        await bench.upload(bytesOf(10), 'other.bin');
        await bench.service.validate(ID, good, by('val'));
        return codeOf(await processOf().receive(ID, uploadId, part(0, 100), dev));
      },
    ],
    ['upload-not-found', async () => codeOf(await processOf().look(ID, '0'.repeat(48), dev))],
    [
      'upload-not-found',
      async () => codeOf(await processOf().look('b@1', (await begun(processOf())).uploadId, dev)),
    ],
    [
      'offset-mismatch',
      async () => codeOf(await processOf().receive(ID, (await begun(processOf())).uploadId, part(1, 9), dev)),
    ],
    [
      'body-too-large',
      async () => {
        const { uploadId } = await begun(processOf());
        const bytes = inChunksOf(bytesOf(FILE.length + 1), 5000);
        return codeOf(await processOf().receive(ID, uploadId, { offset: 0, length: null, bytes }, dev));
      },
    ],
    [
      'body-too-large',
      async () => {
        const { uploadId } = await begun(processOf());
        return codeOf(
          await processOf().receive(ID, uploadId, { ...part(0, 10), length: FILE.length + 1 }, dev),
        );
      },
    ],
    [
      'too-many-pieces',
      async () => {
        const uploads = processOf({ maxPieces: 2 });
        const { uploadId } = await begun(uploads);
        for (const at of [0, 1]) await uploads.receive(ID, uploadId, part(at, at + 1), dev);
        return codeOf(await uploads.receive(ID, uploadId, part(2, 3), dev));
      },
    ],
  ];
  it.each(refusals)('%s', async (code, run) => {
    expect(await run()).toBe(code);
  });

  it('other bytes than declared end the upload: it begins anew', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    const other = bytesOf(FILE.length, 99);
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length, other), dev))).toBe(
      'digest-mismatch',
    );
    expect(await offsetOf(uploads, uploadId)).toBe('upload-not-found');
    expect(staged()).toEqual([]);
    expect(await begun(uploads)).toMatchObject({ uploadId, offset: 0 });
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length), dev))).toBe('ok');
  });

  it('too many pieces end it too: what would be begun again is not as full as before', async () => {
    const uploads = processOf({ maxPieces: 2 });
    const { uploadId } = await begun(uploads);
    for (const at of [0, 1]) await uploads.receive(ID, uploadId, part(at, at + 1), dev);
    expect(codeOf(await uploads.receive(ID, uploadId, part(2, FILE.length), dev))).toBe('too-many-pieces');
    expect(staged()).toEqual([]);
    expect(await begun(uploads)).toMatchObject({ uploadId, offset: 0 });
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length), dev))).toBe('ok');
  });

  it('a piece that was altered in the store ends it too', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 25_000), dev);
    const path = join(bench.directory, 'staged', pieces().sort()[1] ?? '');
    const bytes = readFileSync(path);
    bytes[3000] = (bytes[3000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(codeOf(await uploads.receive(ID, uploadId, part(25_000, FILE.length), dev))).toBe(
      'upload-damaged',
    );
    expect(await bench.events()).toEqual(['ArtifactRegistered']);
    expect(staged()).toEqual([]);
  });
});

describe('a record that was altered in the store', () => {
  it.each(['upload', 'p0000000000000000'])('%s: the upload is none, and begins anew', async (object) => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 15_000), dev);
    const path = join(bench.directory, 'staged', uploadId, object);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('"key":"') + 20;
    bytes[at] = bytes[at] === 65 ? 66 : 65;
    writeFileSync(path, bytes);
    if (object === 'upload') expect(await uploads.list(ID, dev)).toEqual([]);
    else
      expect(codeOf(await uploads.receive(ID, uploadId, part(15_000, FILE.length), dev))).toBe(
        'upload-damaged',
      );
    expect(await offsetOf(uploads, uploadId)).toBe('upload-not-found');
    expect(await begun(uploads)).toMatchObject({ uploadId, offset: 0 });
    expect(codeOf(await uploads.receive(ID, uploadId, part(0, FILE.length), dev))).toBe('ok');
  });
});

describe('what lies in the store meanwhile', () => {
  it('is sealed: neither bytes nor names nor digests of the file are in it', async () => {
    const uploads = processOf();
    const text = Buffer.from('a secret of the vehicle '.repeat(2000));
    const answer = await uploads.begin(ID, declared(text), dev);
    if (!answer.ok) throw new Error('refused');
    await uploads.receive(ID, answer.upload.uploadId, part(0, 30_000, text), dev);
    const all = staged()
      .filter((name) => name.includes('/'))
      .map((name) => readFileSync(join(bench.directory, 'staged', name)));
    expect(all).toHaveLength(4);
    for (const bytes of all) {
      for (const clear of ['a secret of', 'image.bin', ID, sha256Of(text)])
        expect(bytes.includes(clear)).toBe(false);
      expect(contentSize(bytes.length)).toBeGreaterThan(0);
    }
  });

  it('is no blob: neither the check of all files nor a copy meets it', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 25_000), dev);
    expect(await reports()).toEqual([]);
    const target = await openWorkbench();
    expect(await copyBlobs(bench.blobs, target.blobs)).toMatchObject({ copied: 0, damagedCount: 0 });
    await target.dispose();
  });

  it('goes when it is cancelled', async () => {
    const uploads = processOf();
    const { uploadId } = await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 25_000), dev);
    expect(codeOf(await uploads.cancel(ID, uploadId, dev))).toBe('ok');
    expect(staged()).toEqual([]);
    expect(codeOf(await uploads.cancel(ID, uploadId, dev))).toBe('upload-not-found');
  });

  it('can not be gone on with when it has expired, and is swept; each piece gives it more time', async () => {
    const clock = { now: 1_000_000 };
    const now = () => clock.now;
    const uploads = processOf({ now, staging: createMemoryStaging(now), valid_s: 60 });
    const { uploadId, expiresAt } = await begun(uploads);
    expect(expiresAt).toBe(1_060_000);
    clock.now += 50_000;
    await uploads.receive(ID, uploadId, cut(0, 15_000), dev);
    clock.now += 50_000;
    // Nothing came, so it is kept no longer.
    const empty = await uploads.receive(ID, uploadId, part(15_000, 15_000), dev);
    expect(empty).toMatchObject({ ok: true, upload: { offset: 15_000, expiresAt: 1_110_000 } });
    expect(await uploads.sweep()).toBe(0);
    expect(await offsetOf(uploads, uploadId)).toBe(15_000);
    clock.now += 10_001;
    expect(await offsetOf(uploads, uploadId)).toBe('upload-expired');
    expect(codeOf(await uploads.receive(ID, uploadId, part(15_000, FILE.length), dev))).toBe(
      'upload-expired',
    );
    expect(await uploads.list(ID, dev)).toEqual([]);
    // Somebody may have gone on with it just before.
    expect(await uploads.sweep()).toBe(0);
    clock.now += 3_600_000;
    expect(await uploads.sweep()).toBe(1);
    expect(await offsetOf(uploads, uploadId)).toBe('upload-not-found');
    // Where nobody has swept yet, it begins anew all the same.
    await begun(uploads);
    await uploads.receive(ID, uploadId, cut(0, 15_000), dev);
    clock.now += 60_001;
    expect(await begun(uploads)).toMatchObject({ uploadId, offset: 0 });
  });
});

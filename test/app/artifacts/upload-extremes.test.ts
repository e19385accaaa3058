/** Resumable uploads that are cut anywhere, and files that are larger than memory. */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, inChunksOf, sha256Of } from './bytes.ts';
import { createMemoryStaging } from './memory-staging.ts';
import { by, ID, openWorkbench } from './workbench.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const dev = by('dev');
const declared = (bytes: Uint8Array) => ({
  fileName: 'image.bin',
  size: bytes.length,
  sha256: sha256Of(bytes),
  metadata: '',
});

describe('memory', () => {
  it('is that of some pieces, however large the file is', async () => {
    const [piece, size] = [1_000_000, 60_000_000];
    const samples: number[] = [];
    const look = (): void => {
      collectGarbage();
      samples.push(process.memoryUsage().arrayBuffers);
    };
    const bench = await openWorkbench();
    await bench.register();
    const { staging } = bench.blobs;
    const uploads = bench.uploads({
      pieceBytes: piece,
      staging: {
        ...staging,
        put: (name, bytes) => {
          look();
          return staging.put(name, bytes);
        },
        get: (name) => {
          look();
          return staging.get(name);
        },
      },
    });
    const packet = bytesOf(50_000);
    const packets = function* () {
      for (let at = 0; at < size; at += packet.length) yield packet;
    };
    const hash = createHash('sha256');
    for (const bytes of packets()) hash.update(bytes);
    const begin = await uploads.begin(
      ID,
      { fileName: 'large', size, sha256: hash.digest('hex'), metadata: '' },
      dev,
    );
    if (!begin.ok) throw new Error(begin.rejection.message);
    const source = async function* () {
      yield* packets();
    };
    look();
    const [before = 0] = samples.splice(0);
    const sent = { offset: 0, length: size, bytes: source() };
    expect(await uploads.receive(ID, begin.upload.uploadId, sent, dev)).toMatchObject({ ok: true });
    expect(samples.length).toBeGreaterThan((2 * size) / piece - 5);
    expect(Math.max(...samples) - before).toBeLessThan(12 * piece);
    await bench.dispose();
  });
});

describe('however it is cut', () => {
  it('the file is the one that was declared, and no byte that is durable is asked for again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 150 }), breaks: fc.boolean() }), {
          maxLength: 12,
        }),
        async (size, cuts) => {
          const bytes = bytesOf(size, size);
          const own = await openWorkbench();
          try {
            await own.register();
            const open = () => own.uploads({ pieceBytes: 64, staging });
            const staging = createMemoryStaging();
            const first = await open().begin(ID, declared(bytes), dev);
            if (!first.ok) throw new Error(first.rejection.message);
            const { uploadId } = first.upload;
            let at = 0;
            for (const step of [...cuts, { bytes: size, breaks: false }]) {
              const to = Math.min(size, at + step.bytes);
              const source = async function* () {
                yield* inChunksOf(bytes.subarray(at, to), 7, 50);
                if (step.breaks) throw new Error('aborted');
              };
              await open().receive(ID, uploadId, { offset: at, length: null, bytes: source() }, dev);
              const now = await open().look(ID, uploadId, dev);
              if (!now.ok) throw new Error(now.rejection.message);
              expect(now.upload.offset).toBe(to);
              at = to;
            }
            const [file] = (await own.artifact()).files;
            const stored = await collect(own.blobs.read(file?.ciphertext.sha256 ?? ''));
            expect(createHash('sha256').update(stored).digest('hex')).toBe(file?.ciphertext.sha256);
            expect(file?.sha256).toBe(sha256Of(bytes));
            expect([...staging.objects.keys()].filter((name) => /\/p\d/.test(name))).toEqual([]);
          } finally {
            await own.dispose();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

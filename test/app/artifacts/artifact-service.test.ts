import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decrypt } from '../../../src/app/artifacts/cipher.ts';
import { createGrantBuilder } from '../../../src/app/artifacts/grant-builder.ts';
import { checkIntegrity, type IntegrityReport } from '../../../src/app/artifacts/integrity.ts';
import { manifestBytes, signatureProblem } from '../../../src/app/artifacts/signatures.ts';
import { manifestOf } from '../../../src/domain/artifact/state.ts';
import { manifest } from '../../../src/protocol/messages.ts';
import { bytesOf, collect, inChunksOf, sha256Of } from './bytes.ts';
import { by, good, ID, openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.dispose());

const image = bytesOf(200_000);
const blobsOf = async (): Promise<string[]> => {
  const all: string[] = [];
  for await (const sha256 of bench.blobs.list()) all.push(sha256);
  return all;
};
const rejection = (code: string) => ({ ok: false, rejection: { code } });
const flip = async (sha256: string, at: number): Promise<void> => {
  const path = bench.blobPath(sha256);
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
};
const released = async (id = ID): Promise<void> => {
  await bench.register(id);
  await bench.upload(image, 'image.bin', id);
  await bench.service.validate(id, good, by('val'));
  expect(await bench.service.release(id, [], by('val'))).toMatchObject({ ok: true });
};

describe('registering', () => {
  it('claims the name for its target first', async () => {
    expect(await bench.register()).toMatchObject({ ok: true, revision: 0 });
    expect(await bench.register('tcm-firmware@2.2.0')).toMatchObject({ ok: true });
    const other = { target: { ecuType: 'ADAS', component: 'main' } };
    expect(await bench.register('tcm-firmware@3.0.0', other)).toMatchObject(rejection('artifact-name-taken'));
    expect(await bench.events('tcm-firmware@3.0.0')).toEqual([]);
  });

  it('again has no effect, and with other data is refused', async () => {
    await bench.register();
    expect(await bench.register()).toMatchObject({ ok: true, events: [] });
    expect(await bench.register(ID, { kind: 'application' })).toMatchObject(rejection('artifact-exists'));
  });

  it('what is refused does not claim the name', async () => {
    const bad = { requirements: { previousSoftware: { range: 'not a range' } } };
    expect(await bench.register(ID, bad)).toMatchObject({ ok: false });
    const other = { target: { ecuType: 'ADAS', component: 'main' } };
    expect(await bench.register(ID, other)).toMatchObject({ ok: true });
  });
});

describe('an upload', () => {
  it('is stored encrypted, durable before the event, and decrypts to what was sent', async () => {
    await bench.register();
    expect(await bench.upload(image)).toMatchObject({ ok: true, revision: 1 });
    const [file] = (await bench.artifact()).files;
    if (file === undefined) throw new Error('no file');
    expect(file).toMatchObject({ name: 'image.bin', size: image.length, sha256: sha256Of(image) });
    const sealed = await collect(bench.blobs.read(file.ciphertext.sha256));
    expect(sha256Of(sealed)).toBe(file.ciphertext.sha256);
    expect(Buffer.from(sealed).includes(Buffer.from(image.subarray(0, 32)))).toBe(false);
    const context = `${ID}/image.bin/${file.fileId}`;
    const key = await bench.deps.wrapper.unwrap(file.wrappedKey.value, context, file.wrappedKey.masterKeyId);
    const plain = await collect(decrypt(inChunksOf(sealed, 1000), { key, fileId: file.fileId }));
    expect(Buffer.compare(plain, image)).toBe(0);
  });

  async function* cut(): AsyncGenerator<Uint8Array> {
    yield image.subarray(0, 100_000);
    throw new Error('ECONNRESET');
  }
  const whole = { fileName: 'image.bin', sha256: sha256Of(image), size: image.length };

  it.each([
    ['cut off', 'upload-incomplete', () => ({ ...whole, bytes: cut() })],
    [
      'shorter than declared',
      'upload-incomplete',
      () => ({ ...whole, bytes: inChunksOf(image.subarray(1), 9999) }),
    ],
    [
      'longer than declared',
      'digest-mismatch',
      () => ({ ...whole, bytes: inChunksOf(bytesOf(200_001), 9999) }),
    ],
    ['of other bytes', 'digest-mismatch', () => ({ ...whole, bytes: inChunksOf(bytesOf(200_000, 2), 9999) })],
    [
      'of other bytes and unknown size',
      'digest-mismatch',
      () => ({ ...whole, size: null, bytes: inChunksOf(bytesOf(5), 9) }),
    ],
  ] as const)('%s leaves neither event nor bytes', async (_what, code, upload) => {
    await bench.register();
    expect(await bench.service.upload(ID, upload(), by('dev'))).toMatchObject(rejection(code));
    expect(await bench.events()).toEqual(['ArtifactRegistered']);
    expect(await bench.incoming()).toEqual([]);
    expect(await blobsOf()).toEqual([]);
  });

  it('larger than allowed is refused while it comes', async () => {
    const small = await openWorkbench({ maxFileBytes: 100_000 });
    await small.register();
    expect(await small.upload(image)).toMatchObject(rejection('body-too-large'));
    expect(await small.incoming()).toEqual([]);
    await small.dispose();
  });

  it('of a file that is there is not read; of another content is refused before it is read', async () => {
    await bench.register();
    await bench.upload(image);
    async function* untouched(): AsyncGenerator<Uint8Array> {
      yield await Promise.reject(new Error('was read'));
    }
    const again = { ...whole, bytes: untouched() };
    expect(await bench.service.upload(ID, again, by('dev'))).toMatchObject({
      ok: true,
      revision: 1,
      events: [],
    });
    const other = { ...again, bytes: untouched(), sha256: sha256Of(bytesOf(1)) };
    expect(await bench.service.upload(ID, other, by('dev'))).toMatchObject(rejection('file-differs'));
    const nowhere = { ...again, bytes: untouched() };
    expect(await bench.service.upload('no@1.0.0', nowhere, by('dev'))).toMatchObject(
      rejection('artifact-not-found'),
    );
    const stale = { ...by('dev'), expectedRevision: 0 };
    expect(await bench.service.upload(ID, { ...nowhere, fileName: 'b' }, stale)).toMatchObject(
      rejection('revision-mismatch'),
    );
  });

  it('repeated with its Idempotency-Key is answered as before, with another body refused', async () => {
    await bench.register();
    const keyed = { ...by('dev'), command: { id: 'k1', digest: 'd1' } };
    const send = (envelope = keyed) =>
      bench.service.upload(ID, { ...whole, bytes: inChunksOf(image, 9999) }, envelope);
    expect(await send()).toMatchObject({ ok: true, revision: 1 });
    expect(await send()).toMatchObject({ ok: true, revision: 1, events: [] });
    const other = { ...keyed, command: { id: 'k1', digest: 'd2' } };
    expect(await send(other)).toMatchObject(rejection('idempotency-key-reused'));
    expect(await blobsOf()).toHaveLength(1);
  });

  it('whose event can not be recorded fails, and can be repeated', async () => {
    await bench.register();
    const append = bench.store.append.bind(bench.store);
    bench.store.append = async () => {
      expect(await blobsOf()).toHaveLength(1);
      throw new Error('disk full');
    };
    await expect(bench.upload(image)).rejects.toThrow('disk full');
    expect(await bench.events()).toEqual(['ArtifactRegistered']);
    bench.store.append = append;
    expect(await bench.upload(image)).toMatchObject({ ok: true, revision: 1 });
  });

  it('that the store can not take is our failure, not the sender’s, and leaves nothing', async () => {
    const full = await openWorkbench();
    const { begin } = full.blobs;
    let aborted = 0;
    full.blobs.begin = async () => {
      const upload = await begin();
      return {
        ...upload,
        write: async () => {
          throw new Error('ENOSPC');
        },
        abort: () => {
          aborted++;
          return upload.abort();
        },
      };
    };
    await full.register();
    await expect(full.upload(image)).rejects.toThrow('ENOSPC');
    expect(aborted).toBe(1);
    expect(await full.incoming()).toEqual([]);
    expect(await full.events()).toEqual(['ArtifactRegistered']);
    await full.dispose();
  });

  it('takes an empty file, and one of several chunks', async () => {
    await bench.register();
    expect(await bench.upload(bytesOf(0), 'empty')).toMatchObject({ ok: true });
    expect(await bench.upload(bytesOf(65_536 * 3), 'three')).toMatchObject({ ok: true });
    expect((await bench.artifact()).files.map(({ size }) => size)).toEqual([0, 65_536 * 3]);
  });
});

describe('validating', () => {
  const checksOf = async (): Promise<Record<string, boolean>> =>
    Object.fromEntries(
      (await bench.artifact()).validation?.checks.map(({ name, passed }) => [name, passed]) ?? [],
    );

  it('records every check of the server and the verdict of the tool', async () => {
    await bench.register();
    await bench.upload(image);
    const signatures = [await bench.oemSignature()];
    expect(await bench.service.validate(ID, { ...good, signatures }, by('val'))).toMatchObject({ ok: true });
    expect(await checksOf()).toEqual({
      'files-complete': true,
      digests: true,
      signatures: true,
      dependencies: true,
      'requirements-match': true,
      tool: true,
    });
    expect((await bench.artifact()).stage).toBe('validated');
  });

  it('a byte flipped on disk fails the digests, wherever it is', async () => {
    await bench.register();
    await bench.upload(image);
    const [file] = (await bench.artifact()).files;
    await flip(file?.ciphertext.sha256 ?? '', 123_456);
    await bench.service.validate(ID, good, by('val'));
    expect(await checksOf()).toMatchObject({ 'files-complete': true, digests: false });
    expect((await bench.artifact()).stage).toBe('registered');
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject(rejection('validation-failed'));
  });

  it('a bad, unknown or revoked signature fails the signatures', async () => {
    await bench.register();
    await bench.upload(image);
    const signature = await bench.oemSignature();
    const check = async (one: typeof signature | { keyId: string; alg: 'ed25519'; value: string }) => {
      await bench.service.validate(ID, { ...good, signatures: [one] }, by('val'));
      return (await checksOf())['signatures'];
    };
    expect(await check({ ...signature, value: Buffer.alloc(64).toString('base64') })).toBe(false);
    expect(await check({ ...signature, keyId: 'unknown' })).toBe(false);
    bench.keys[1] = {
      ...(bench.keys[1] as (typeof bench.keys)[1] & object),
      revokedAt: '2025-01-01T00:00:00Z',
    };
    expect(await check(signature)).toBe(false);
  });

  it('unknown dependencies and requirements that nobody meets fail', async () => {
    const strict = await openWorkbench({
      lookup: { targetIsKnown: async (type) => type === 'TCM', matchesAnyVehicle: async () => false },
    });
    const need = (ecuType: string) => ({ ecuType, software: { range: '>=1.0.0' } });
    await strict.register(ID, { requirements: { dependencies: [need('TCM'), need('LIDAR')] } });
    await strict.upload(image);
    await strict.service.validate(ID, good, by('val'));
    const checks = (await strict.artifact()).validation?.checks ?? [];
    expect(checks.find(({ name }) => name === 'dependencies')).toMatchObject({
      passed: false,
      detail: expect.stringContaining('LIDAR/main'),
    });
    expect(checks.find(({ name }) => name === 'requirements-match')).toMatchObject({ passed: false });
    await strict.dispose();
  });

  it('is refused before the checks run where it may not be: own work, unknown, no files', async () => {
    expect(await bench.service.validate(ID, good, by('val'))).toMatchObject(rejection('artifact-not-found'));
    await bench.register();
    expect(await bench.service.validate(ID, good, by('val'))).toMatchObject(rejection('no-files'));
    await bench.upload(image);
    expect(await bench.service.validate(ID, good, by('dev'))).toMatchObject(rejection('four-eyes'));
  });
});

describe('releasing', () => {
  it('signs the canonical manifest, and keeps the signatures made outside', async () => {
    await bench.register();
    await bench.upload(image);
    await bench.service.validate(ID, { ...good, signatures: [await bench.oemSignature()] }, by('val'));
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject({ ok: true });
    const artifact = await bench.artifact();
    const signatures = artifact.release?.signatures ?? [];
    expect(signatures.map(({ keyId }) => keyId)).toEqual([bench.deps.signer.keyId, 'oem']);
    const bytes = manifestBytes(manifest.parse(JSON.parse(JSON.stringify(manifestOf(artifact)))));
    for (const signature of signatures)
      expect(signatureProblem(bench.keys, bytes, signature, '2026-01-01T00:00:00Z')).toBeNull();
    expect(artifact.release?.manifestDigest).toBe(sha256Of(bytes));
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject({ ok: true, events: [] });
  });

  it('is refused when a key was revoked since the validation, or ours is not registered', async () => {
    await bench.register();
    await bench.upload(image);
    await bench.service.validate(ID, { ...good, signatures: [await bench.oemSignature()] }, by('val'));
    const [ours, oem] = bench.keys;
    if (ours === undefined || oem === undefined) throw new Error('keys are missing');
    bench.keys.splice(0, 2, ours, { ...oem, revokedAt: '2026-01-01T00:00:00Z' });
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject(rejection('signature-invalid'));
    bench.keys.splice(0, 2, oem);
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject(rejection('signature-invalid'));
  });

  it('is refused without validation, and for what does not exist', async () => {
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject(rejection('artifact-not-found'));
    await bench.register();
    await bench.upload(image);
    expect(await bench.service.release(ID, [], by('val'))).toMatchObject(rejection('not-validated'));
  });
});

describe('grants and downloads', () => {
  const builder = () =>
    createGrantBuilder({
      ...bench.deps,
      store: bench.store,
      contentBase: () => 'http://x',
      valid_s: 60,
      now: () => bench.clock.now,
    });
  const request = (...artifacts: string[]) => ({ vehicleId: 'V1', campaignId: 'c1', artifacts });

  it('a grant lets a vehicle fetch, decrypt and verify exactly its files', async () => {
    await released();
    await released('other@1.0.0');
    const [grant] = await builder().build([request(ID)]);
    const file = grant?.files[0];
    if (grant == null || file === undefined) throw new Error('no grant');
    expect(grant.expiresAt).toBe('2026-01-01T00:01:00.000Z');
    expect(await bench.service.openContent(grant.token, file.ciphertext.sha256)).toEqual({
      ok: true,
      size: file.ciphertext.size,
    });
    const sealed = await collect(bench.service.readContent(file.ciphertext.sha256));
    const secret = { key: Buffer.from(file.key, 'base64'), fileId: file.fileId };
    expect(sha256Of(await collect(decrypt(inChunksOf(sealed, 999), secret)))).toBe(sha256Of(image));
    const foreign = (await bench.artifact('other@1.0.0')).files[0]?.ciphertext.sha256 ?? '';
    expect(await bench.service.openContent(grant.token, foreign)).toMatchObject(
      rejection('content-not-granted'),
    );
    expect(await bench.service.openContent('x.y', foreign)).toMatchObject(rejection('token-invalid'));
    bench.clock.now += 60_000;
    expect(await bench.service.openContent(grant.token, foreign)).toMatchObject(rejection('token-expired'));
  });

  it('answers requests in order, with null for what may not be granted', async () => {
    await released();
    await bench.register('raw@1.0.0');
    const grants = await builder().build([request('raw@1.0.0'), request(ID), request(ID, 'none@1.0.0')]);
    expect(grants.map((grant) => grant?.files.length ?? null)).toEqual([null, 1, null]);
    const end = (type: 'DeprecateArtifact' | 'WithdrawArtifact') =>
      bench.service.execute(ID, { type, reason: 'because' }, by('val'));
    const build = builder();
    await end('DeprecateArtifact');
    expect((await build.build([request(ID)]))[0]).not.toBeNull();
    await end('WithdrawArtifact');
    expect((await build.build([request(ID)]))[0]).toBeNull();
  });

  it('a byte flipped on disk is noticed by the vehicle', async () => {
    await released();
    const [grant] = await builder().build([request(ID)]);
    const file = grant?.files[0];
    if (file === undefined) throw new Error('no grant');
    await flip(file.ciphertext.sha256, 77);
    const secret = { key: Buffer.from(file.key, 'base64'), fileId: file.fileId };
    await expect(
      collect(decrypt(bench.service.readContent(file.ciphertext.sha256), secret)),
    ).rejects.toThrow();
  });
});

describe('the integrity check', () => {
  const check = async (): Promise<IntegrityReport[]> => {
    const all: IntegrityReport[] = [];
    for await (const report of checkIntegrity({ ...bench.deps, store: bench.store })) all.push(report);
    return all;
  };

  it('finds every stored file good, and names blobs that nothing refers to', async () => {
    await released();
    const upload = await bench.blobs.begin();
    await upload.write(bytesOf(10));
    await upload.commit(sha256Of(bytesOf(10)));
    const reports = await check();
    expect(reports).toMatchObject([
      { artifactId: ID, ok: true, problem: null },
      { artifactId: null, ok: true, problem: 'no event names it' },
    ]);
  });

  it('finds a byte flipped anywhere, a file cut, and a file gone', async () => {
    await released();
    const sha256 = (await bench.artifact()).files[0]?.ciphertext.sha256 ?? '';
    const size = (await bench.blobs.size(sha256)) ?? 0;
    for (const at of [0, 65_535, 65_536, 65_552, size - 1]) {
      await flip(sha256, at);
      expect(await check()).toMatchObject([{ ok: false, artifactId: ID, sha256 }]);
      await flip(sha256, at);
    }
    expect(await check()).toMatchObject([{ ok: true }]);
    const bytes = await readFile(bench.blobPath(sha256));
    await writeFile(bench.blobPath(sha256), bytes.subarray(0, 100));
    expect((await check())[0]?.problem).toContain('100 bytes instead of');
    await rm(bench.blobPath(sha256));
    expect((await check())[0]?.problem).toContain('not in the store');
  });
});

/** An artifact service over a real blob store, real keys and the event store in memory. */
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileBlobStore } from '../../../src/adapters/artifact-store/file/file-blob-store.ts';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { keyRingOf } from '../../../src/adapters/keys/file/key-ring.ts';
import { createKeyWrapper } from '../../../src/adapters/keys/file/key-wrapper.ts';
import { createEd25519Signer } from '../../../src/adapters/signing/ed25519/signer.ts';
import {
  type ArtifactServiceDeps,
  createArtifactService,
  DEFAULT_FILE_BYTES,
} from '../../../src/app/artifacts/artifact-service.ts';
import {
  createResumableUploads,
  type ResumableUploadsDeps,
} from '../../../src/app/artifacts/resumable-uploads.ts';
import { manifestBytes } from '../../../src/app/artifacts/signatures.ts';
import { type CommandEnvelope, loadStream } from '../../../src/app/handle-command.ts';
import type { RecordedEvent, VerificationKey } from '../../../src/app/ports.ts';
import { registerArtifact } from '../../../src/domain/artifact/commands.ts';
import { artifactDecider } from '../../../src/domain/artifact/decide.ts';
import { type Artifact, manifestOf } from '../../../src/domain/artifact/state.ts';
import { artifactStream } from '../../../src/domain/shared/streams.ts';
import { inChunksOf, sha256Of } from './bytes.ts';

const pem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ring = () => keyRingOf(randomBytes(32).toString('base64'), 'test');

export const by = (person: string): CommandEnvelope => ({
  actor: { kind: 'person', id: person },
  source: 'http',
});
export const good = { tool: 'bench 1.0', reportDigest: null, toolVerdict: 'passed' as const, signatures: [] };
export const ID = 'tcm-firmware@2.1.0';

export async function openWorkbench(overrides: Partial<ArtifactServiceDeps> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'fleetwave-artifacts-'));
  const store = createMemoryEventStore();
  const blobs = await openFileBlobStore({ directory });
  const signer = createEd25519Signer(pem());
  const oem = generateKeyPairSync('ed25519');
  const keys: VerificationKey[] = [
    signer.publicKey,
    {
      keyId: 'oem',
      alg: 'ed25519',
      owner: 'Example Motors',
      publicKey: oem.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      validFrom: null,
      validUntil: null,
      revokedAt: null,
    },
  ];
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const deps: ArtifactServiceDeps = {
    runtime: {
      store,
      now: () => clock.now,
      newId: randomUUID,
      digest: (text) => createHash('sha256').update(text).digest('hex'),
    },
    blobs,
    wrapper: createKeyWrapper(ring()),
    signer,
    registry: { keys: async () => keys },
    tokenKeys: ring(),
    lookup: { targetIsKnown: async () => true, matchesAnyVehicle: async () => true },
    ...overrides,
  };
  const service = createArtifactService(deps);
  const uploads = (more: Partial<ResumableUploadsDeps> = {}) =>
    createResumableUploads({
      ...deps.runtime,
      artifacts: service,
      staging: blobs.staging,
      wrapper: deps.wrapper,
      // Files have the times of this machine.
      now: Date.now,
      log: () => undefined,
      maxFileBytes: deps.maxFileBytes ?? DEFAULT_FILE_BYTES,
      valid_s: 3600,
      ...more,
    });
  const register = (id = ID, more: object = {}) =>
    service.execute(
      id,
      registerArtifact.parse({
        type: 'RegisterArtifact',
        name: id.split('@')[0],
        version: id.split('@')[1],
        kind: 'firmware',
        target: { ecuType: 'TCM', component: 'main' },
        releaseType: 'routine',
        ...more,
      }),
      by('dev'),
    );
  const upload = (bytes: Uint8Array, fileName = 'image.bin', id = ID) =>
    service.upload(
      id,
      { fileName, bytes: inChunksOf(bytes, 50_000), sha256: sha256Of(bytes), size: bytes.length },
      by('dev'),
    );
  const artifact = async (id = ID): Promise<Artifact> => {
    const { state } = await loadStream(store, artifactStream(id), artifactDecider);
    if (state.stage === 'none') throw new Error(`there is no ${id}`);
    return state;
  };
  return {
    directory,
    store,
    blobs,
    service,
    /** As one process has them: each call makes another one on the same stores. */
    uploads,
    deps,
    keys,
    clock,
    register,
    upload,
    artifact,
    /** A signature of the outside signer over the manifest as it is now. */
    oemSignature: async (id = ID) => {
      const bytes = manifestBytes(manifestOf(await artifact(id)));
      return {
        keyId: 'oem',
        alg: 'ed25519',
        value: sign(null, bytes, oem.privateKey).toString('base64'),
      } as const;
    },
    events: async (id = ID): Promise<string[]> => {
      const all: RecordedEvent[] = [];
      for await (const batch of store.readStream(artifactStream(id))) all.push(...batch);
      return all.map(({ type }) => type);
    },
    incoming: () => readdir(join(directory, 'incoming')),
    blobPath: (sha256: string) => join(directory, 'content', sha256.slice(0, 2), sha256.slice(2, 4), sha256),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
export type Workbench = Awaited<ReturnType<typeof openWorkbench>>;

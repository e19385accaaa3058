/** Everything that is done with artifacts: register, upload, validate, release, end, and hand their bytes out. */
import type { z } from 'zod';
import type {
  artifactCommand,
  deprecateArtifact,
  registerArtifact,
  withdrawArtifact,
} from '../../domain/artifact/commands.ts';
import { artifactDecider, manifestDigestOf } from '../../domain/artifact/decide.ts';
import type { Signature } from '../../domain/artifact/events.ts';
import { artifactNameDecider } from '../../domain/artifact/name-decider.ts';
import { type Artifact, type ArtifactState, manifestOf } from '../../domain/artifact/state.ts';
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import { nameOf } from '../../domain/shared/ids.ts';
import { artifactNameStream, artifactStream } from '../../domain/shared/streams.ts';
import {
  type CommandEnvelope,
  type CommandOutcome,
  handleCommand,
  loadStream,
  type Runtime,
} from '../handle-command.ts';
import type { BlobStore, KeyWrapper, ManifestSigner } from '../ports/artifact-store.ts';
import type { KeyRegistry, KeyRing } from '../ports/keys.ts';
import { type ContentAccess, type ContentDelivery, createContentAccess } from './content-access.ts';
import { manifestBytes } from './signatures.ts';
import { takeIn, type Upload } from './upload.ts';
import { runChecks, signatureProblems, type ValidationLookup } from './validation-checks.ts';

export interface ArtifactServiceDeps {
  readonly runtime: Runtime;
  readonly blobs: BlobStore;
  readonly wrapper: KeyWrapper;
  readonly signer: ManifestSigner;
  /** Ours and the registered ones: the signer's public key must be among them. */
  readonly registry: KeyRegistry;
  readonly tokenKeys: KeyRing;
  readonly lookup: ValidationLookup;
  /** Bytes of plaintext of one file; default 16 GiB. */
  readonly maxFileBytes?: number;
  /** How vehicles get ciphertext; default `proxy`. `presigned` needs a blob store that gives links. */
  readonly contentDelivery?: ContentDelivery;
}

type Command = z.output<typeof artifactCommand>;
type Outcome = CommandOutcome<ArtifactState>;
type Refused = { readonly ok: false; readonly rejection: Rejection };

export interface ArtifactService extends ContentAccess {
  /** Registering claims the name first. */
  execute(
    artifactId: string,
    command: z.output<typeof registerArtifact | typeof deprecateArtifact | typeof withdrawArtifact>,
    envelope: CommandEnvelope,
  ): Promise<Outcome>;
  /** What an upload would be answered before a byte of it has come; null when its bytes would be taken in. */
  judgeUpload(
    artifactId: string,
    declared: Omit<Upload, 'bytes'>,
    envelope: CommandEnvelope,
  ): Promise<Outcome | null>;
  /** Nothing is recorded unless all bytes came, have the digest declared, and are durable. */
  upload(artifactId: string, upload: Upload, envelope: CommandEnvelope): Promise<Outcome>;
  /** Runs the server's own checks, then records them with the tool's verdict. */
  validate(artifactId: string, report: ValidationReport, envelope: CommandEnvelope): Promise<Outcome>;
  /** Signs the manifest; signatures made outside, given at the validation or here, must still be good. */
  release(artifactId: string, signatures: readonly Signature[], envelope: CommandEnvelope): Promise<Outcome>;
}

export interface ValidationReport {
  readonly tool: string;
  readonly reportDigest: string | null;
  readonly toolVerdict: 'passed' | 'failed';
  readonly signatures: readonly Signature[];
}

export const DEFAULT_FILE_BYTES = 16 * 1024 ** 3;
/** Beside ours, of the eight that an offer carries. */
const MAX_OUTSIDE_SIGNATURES = 7;
const NEEDS_WORK = 'needs-work';

/**
 * The decider, except that what would be recorded is not: to find out before long work whether it is worth
 * doing. Refusals, repeats and stale revisions come out as they would.
 */
const rehearsal: typeof artifactDecider = {
  ...artifactDecider,
  decide(state, command, context) {
    const decision = artifactDecider.decide(state, command, context);
    if (!decision.ok || decision.events.length === 0) return decision;
    return reject(NEEDS_WORK, 'the command would be accepted', 'Do the work and give the command.');
  },
};

/** @throws ConfigError when `contentDelivery` does not fit the blob store. */
export function createArtifactService(deps: ArtifactServiceDeps): ArtifactService {
  const { runtime, blobs, wrapper } = deps;
  const intake = {
    blobs,
    wrapper,
    newId: runtime.newId,
    maxFileBytes: deps.maxFileBytes ?? DEFAULT_FILE_BYTES,
  };
  const handle = (id: string, command: Command, envelope: CommandEnvelope, decider = artifactDecider) =>
    handleCommand(runtime, artifactStream(id), decider, command, envelope, {});
  /** Null when the command would be accepted; else the answer to it. */
  const rehearse = async (id: string, command: Command, envelope: CommandEnvelope) => {
    const outcome = await handle(id, command, envelope, rehearsal);
    return !outcome.ok && outcome.rejection.code === NEEDS_WORK ? null : outcome;
  };
  const judgeUpload: ArtifactService['judgeUpload'] = (id, declared, envelope) =>
    rehearse(id, placeholder(declared, runtime.newId()), envelope);
  const load = async (id: string): Promise<Artifact | null> => {
    const { state } = await loadStream(runtime.store, artifactStream(id), artifactDecider);
    return state.stage === 'none' ? null : state;
  };
  const instant = (): string => new Date(runtime.now()).toISOString();

  return {
    async execute(artifactId, command, envelope) {
      if (command.type !== 'RegisterArtifact') return handle(artifactId, command, envelope);
      const early = await rehearse(artifactId, command, envelope);
      if (early !== null) return early;
      const { expectedRevision: _, ...any } = envelope;
      const name = nameOf(artifactId);
      const claim = { type: 'ClaimArtifactName', name, target: command.target } as const;
      const claimed = await handleCommand(
        runtime,
        artifactNameStream(name),
        artifactNameDecider,
        claim,
        any,
        {},
      );
      return claimed.ok ? handle(artifactId, command, envelope) : claimed;
    },

    judgeUpload,

    async upload(artifactId, upload, envelope) {
      const early = await judgeUpload(artifactId, upload, envelope);
      if (early !== null) return early;
      const taken = await takeIn(intake, artifactId, upload, () => judgeUpload(artifactId, upload, envelope));
      return taken.what === 'taken' ? handle(artifactId, taken.command, envelope) : taken.answer;
    },

    async validate(artifactId, report, envelope) {
      const artifact = await load(artifactId);
      const manifestDigest = artifact === null ? '' : manifestDigestOf(artifact, runtime.digest);
      const command = {
        type: 'ValidateArtifact' as const,
        ...report,
        signatures: [...report.signatures],
        manifestDigest,
      };
      const early = await rehearse(artifactId, { ...command, checks: [] }, envelope);
      if (early !== null || artifact === null) return early ?? goneMeanwhile(artifactId);
      const checks = await runChecks(deps, artifact, report.signatures, instant());
      return handle(artifactId, { ...command, checks }, envelope);
    },

    async release(artifactId, given, envelope) {
      const artifact = await load(artifactId);
      const signatures = artifact === null ? [] : outsideSignatures(artifact, given, deps.signer);
      if (signatures.length > MAX_OUTSIDE_SIGNATURES)
        return reject(
          'too-many-signatures',
          `${signatures.length} signatures made outside were given, the most is ${MAX_OUTSIDE_SIGNATURES}`,
          'Give the ones that vehicles need.',
        );
      if (artifact === null)
        return handle(artifactId, { type: 'ReleaseArtifact', manifestDigest: '', signatures }, envelope);
      const ours = await deps.signer.sign(manifestBytes(manifestOf(artifact)));
      const all = [ours, ...signatures];
      const problems = await signatureProblems(deps.registry, artifact, all, instant());
      if (problems.length > 0)
        return reject('signature-invalid', problems.join('; '), 'Sign the manifest with a registered key.');
      const manifestDigest = manifestDigestOf(artifact, runtime.digest);
      return handle(artifactId, { type: 'ReleaseArtifact', manifestDigest, signatures: all }, envelope);
    },

    ...createContentAccess({ ...deps, now: runtime.now }),
  };
}

/** Stands for the file in a rehearsal; it is never recorded. */
const placeholder = ({ fileName, sha256, size }: Omit<Upload, 'bytes'>, fileId: string): Command => ({
  type: 'StoreFile',
  name: fileName,
  size: size ?? 0,
  sha256,
  ciphertext: { sha256, size: 1 },
  fileId,
  wrappedKey: { masterKeyId: '', value: '' },
});

/** Those validated and those given now; of one key, the one given now. Ours is made anew. */
function outsideSignatures(
  artifact: Artifact,
  given: readonly Signature[],
  ours: { readonly keyId: string },
): Signature[] {
  const validated = artifact.validation?.signatures ?? [];
  const byKey = new Map([...validated, ...given].map((one) => [one.keyId, one]));
  byKey.delete(ours.keyId);
  return [...byKey.values()];
}

const goneMeanwhile = (artifactId: string): Refused =>
  reject('busy', `${artifactId} was registered at this very moment`, 'Repeat the request.');

import { z } from 'zod';
import { artifactId, artifactName, artifactVersion, fileName, sha256 } from '../shared/ids.ts';
import { artifactTarget, requirements, signature, validationCheck } from './events.ts';

const reason = z.string().min(1).max(2000);

export const registerArtifact = z.strictObject({
  type: z.literal('RegisterArtifact'),
  name: artifactName,
  version: artifactVersion,
  versionScheme: z.enum(['semver', 'exact']).default('semver'),
  kind: z.enum(['firmware', 'application', 'configuration']),
  target: artifactTarget,
  releaseType: z.enum(['critical', 'routine']),
  releaseNotes: z.string().max(50_000).default(''),
  supersedes: artifactId.nullable().default(null),
  requirements: requirements.prefault({}),
});
/** Issued by the upload, after the bytes are durable and their digest was compared. */
export const storeFile = z.strictObject({
  type: z.literal('StoreFile'),
  name: fileName,
  size: z.int().min(0),
  sha256,
  ciphertext: z.strictObject({ sha256, size: z.int().min(1) }),
  fileId: z.uuid(),
  wrappedKey: z.strictObject({ masterKeyId: z.string(), value: z.base64() }),
});
/** `checks` are the server's own, made just before; the tool's verdict is one more. A failed check can't be overridden. */
export const validateArtifact = z.strictObject({
  type: z.literal('ValidateArtifact'),
  checks: z.array(validationCheck).min(1).max(20),
  tool: z.string().min(1).max(200),
  reportDigest: sha256.nullable(),
  toolVerdict: z.enum(['passed', 'failed']),
  manifestDigest: sha256,
  signatures: z.array(signature).max(8),
});
/** `manifestDigest` is of the manifest as it is now; it must be the one that was validated. */
export const releaseArtifact = z.strictObject({
  type: z.literal('ReleaseArtifact'),
  manifestDigest: sha256,
  signatures: z.array(signature).min(1).max(8),
});
export const deprecateArtifact = z.strictObject({ type: z.literal('DeprecateArtifact'), reason });
export const withdrawArtifact = z.strictObject({ type: z.literal('WithdrawArtifact'), reason });

export const artifactCommand = z.discriminatedUnion('type', [
  registerArtifact,
  storeFile,
  validateArtifact,
  releaseArtifact,
  deprecateArtifact,
  withdrawArtifact,
]);
export type ArtifactCommand = z.infer<typeof artifactCommand>;

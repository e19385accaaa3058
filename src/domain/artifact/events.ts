import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import {
  artifactId,
  artifactName,
  artifactVersion,
  componentName,
  ecuType,
  fileName,
  personId,
  sha256,
} from '../shared/ids.ts';

/** A set of versions: a semver range where versions parse as semver, an exact set otherwise. */
export const versionConstraint = z.union([
  z.object({ range: z.string().min(1).max(200) }),
  z.object({ exact: z.array(z.string().min(1).max(64)).min(1).max(200) }),
]);
export type VersionConstraint = z.infer<typeof versionConstraint>;

export const artifactTarget = z.object({ ecuType, component: componentName });
export type ArtifactTarget = z.infer<typeof artifactTarget>;

/** What a vehicle must be to take the artifact. Empty lists and null mean "any". Campaigns can't override it. */
export const requirements = z.object({
  /** Hardware part numbers with the versions of each that fit; null versions = any. */
  hardware: z
    .array(z.object({ part: z.string().min(1).max(64), versions: versionConstraint.nullable() }))
    .max(100)
    .default([]),
  previousSoftware: versionConstraint.nullable().default(null),
  /** ISO 3166-1 alpha-2 or 3166-2 codes. `DE` also covers `DE-BY`. */
  regions: z
    .array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/))
    .max(300)
    .default([]),
  models: z.array(z.string().min(1).max(64)).max(300).default([]),
  variants: z.array(z.string().min(1).max(64)).max(300).default([]),
  /** Software that other ECUs of the same vehicle must have. */
  dependencies: z
    .array(z.object({ ecuType, component: componentName.default('main'), software: versionConstraint }))
    .max(32)
    .default([]),
});
export type Requirements = z.infer<typeof requirements>;

/** A signature over the canonical manifest: `keyId` names a registered public key; `value` is base64. */
export const signature = z.object({
  keyId: z.string().min(1).max(128),
  alg: z.enum(['ed25519']),
  value: z.base64().max(4096),
});
export type Signature = z.infer<typeof signature>;

export const validationCheck = z.object({
  name: z.enum(['files-complete', 'digests', 'signatures', 'dependencies', 'requirements-match', 'tool']),
  passed: z.boolean(),
  detail: z.string().max(2000),
});
export type ValidationCheck = z.infer<typeof validationCheck>;

export const artifactNameClaimed = defineEvent(
  'ArtifactNameClaimed',
  z.object({ name: artifactName, target: artifactTarget, by: personId }),
);

export const artifactRegistered = defineEvent(
  'ArtifactRegistered',
  z.object({
    artifactId,
    name: artifactName,
    version: artifactVersion,
    /** How versions of this target are compared. */
    versionScheme: z.enum(['semver', 'exact']),
    kind: z.enum(['firmware', 'application', 'configuration']),
    target: artifactTarget,
    releaseType: z.enum(['critical', 'routine']),
    /** Markdown. */
    releaseNotes: z.string().max(50_000),
    supersedes: artifactId.nullable(),
    requirements,
    by: personId,
  }),
);

export const fileStored = defineEvent(
  'FileStored',
  z.object({
    artifactId,
    name: fileName,
    /** Plaintext, bytes and digest: what the vehicle installs. */
    size: z.int().min(0),
    sha256,
    /** What is at rest and on the wire (DESIGN §9). */
    ciphertext: z.object({ sha256, size: z.int().min(1) }),
    /** File id bound into every chunk as associated data. */
    fileId: z.uuid(),
    /** The content key, wrapped by the master key `masterKeyId`; base64. */
    wrappedKey: z.object({ masterKeyId: z.string(), value: z.base64() }),
    by: personId,
  }),
);

export const artifactValidated = defineEvent(
  'ArtifactValidated',
  z.object({
    artifactId,
    checks: z.array(validationCheck).min(1).max(21),
    tool: z.string().min(1).max(200),
    reportDigest: sha256.nullable(),
    verdict: z.enum(['passed', 'failed']),
    /** SHA-256 of the canonical manifest that was validated; release, offer and install compare with it. */
    manifestDigest: sha256,
    signatures: z.array(signature).max(8),
    by: personId,
  }),
);

export const artifactReleased = defineEvent(
  'ArtifactReleased',
  z.object({
    artifactId,
    manifestDigest: sha256,
    signatures: z.array(signature).min(1).max(8),
    by: personId,
  }),
);
export const artifactDeprecated = defineEvent(
  'ArtifactDeprecated',
  z.object({ artifactId, reason: z.string().min(1).max(2000), by: personId }),
);
export const artifactWithdrawn = defineEvent(
  'ArtifactWithdrawn',
  z.object({ artifactId, reason: z.string().min(1).max(2000), by: personId }),
);

export const artifactEvents = [
  artifactNameClaimed,
  artifactRegistered,
  fileStored,
  artifactValidated,
  artifactReleased,
  artifactDeprecated,
  artifactWithdrawn,
] as const;
export type ArtifactEvent = EventOf<(typeof artifactEvents)[number]>;

/** What a TCU looks at before it answers an offer: who signed it, whether it fits, whether the car is ready. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { satisfies } from 'semver';
import { z } from 'zod';
import { canonicalJson } from '../protocol/canonical.ts';
import type { Inventory, Manifest, Offer } from '../protocol/messages.ts';

export type Ecus = Inventory['ecus'];
type Ecu = Ecus[number];

const digests = new Map<string, string>();
const REMEMBERED = 256;

/** Remembered, because a fleet sees the same few manifests. */
export function manifestDigest(manifest: Manifest): string {
  const name = JSON.stringify(manifest);
  const known = digests.get(name);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(canonicalJson(manifest)).digest('hex');
  if (digests.size >= REMEMBERED) digests.clear();
  digests.set(name, digest);
  return digest;
}

const registeredKeys = z.object({
  keys: z.array(
    z.object({
      keyId: z.string(),
      publicKey: z.string(),
      validFrom: z.string().nullable().default(null),
      validUntil: z.string().nullable().default(null),
      revokedAt: z.string().nullable().default(null),
    }),
  ),
});

/** Tells whether a manifest was signed by a key that vehicles trust. */
export interface SignatureVerifier {
  problem(artifact: Offer['artifacts'][number]): string | null;
}

/**
 * Takes the body of `GET /v1/keys`. Every signature on a manifest must be good: one by a key that is unknown,
 * expired or revoked makes it worthless. Verdicts are remembered, because a fleet sees the same few manifests.
 * @throws Error when the body has no usable key.
 */
export function createVerifier(body: unknown): SignatureVerifier {
  const trusted = new Map<string, KeyObject>();
  const now = Date.now();
  for (const key of registeredKeys.parse(body).keys) {
    const begun = key.validFrom === null || Date.parse(key.validFrom) <= now;
    const ended = key.validUntil !== null && Date.parse(key.validUntil) <= now;
    if (begun && !ended && key.revokedAt === null) trusted.set(key.keyId, createPublicKey(key.publicKey));
  }
  if (trusted.size === 0) throw new Error('the server offers no valid public key');
  const verdicts = new Map<string, string | null>();
  const judge = (artifact: Offer['artifacts'][number], bytes: Buffer): string | null => {
    for (const signature of artifact.signatures) {
      const key = trusted.get(signature.keyId);
      if (key === undefined) return `no trusted key ${signature.keyId}`;
      if (!verify(null, bytes, key, Buffer.from(signature.value, 'base64')))
        return `the signature of ${signature.keyId} does not match`;
    }
    return null;
  };
  return {
    problem(artifact) {
      const name = JSON.stringify(artifact);
      const known = verdicts.get(name);
      if (known !== undefined) return known;
      const verdict = judge(artifact, Buffer.from(canonicalJson(artifact.manifest)));
      if (verdicts.size >= REMEMBERED) verdicts.clear();
      verdicts.set(name, verdict);
      return verdict;
    },
  };
}

const versions = z.union([z.object({ range: z.string() }), z.object({ exact: z.array(z.string()) })]);
/** The part of the requirements that a TCU checks again for itself; what it does not know it leaves to the server. */
const hardwareRequirements = z.object({
  hardware: z.array(z.object({ part: z.string(), versions: versions.nullable().default(null) })).default([]),
});

/** ECUs (with the component) that an artifact is for. */
export const targetsOf = (ecus: Ecus, manifest: Manifest): Ecu[] =>
  ecus.filter(
    (ecu) =>
      ecu.type === manifest.target.ecuType &&
      ecu.components.some((component) => component.name === manifest.target.component),
  );

/** Why the artifact must not go into this vehicle, as `{code, detail}`; null = it fits. */
export function misfit(ecus: Ecus, manifest: Manifest): { code: string; detail: string } | null {
  const targets = targetsOf(ecus, manifest);
  const { ecuType, component } = manifest.target;
  if (targets.length === 0) return { code: 'unknown-target', detail: `no ${ecuType}/${component} on board` };
  const required = hardwareRequirements.safeParse(manifest.requirements);
  if (!required.success) return { code: 'requirements-unreadable', detail: required.error.message };
  const { hardware } = required.data;
  if (hardware.length === 0) return null;
  for (const { hardware: mine } of targets) {
    const fits = hardware.some(
      ({ part, versions: wanted }) => part === mine.part && (wanted === null || isIn(mine.version, wanted)),
    );
    if (!fits) return { code: 'wrong-hardware', detail: `${ecuType} is ${mine.part} ${mine.version}` };
  }
  return null;
}

const isIn = (version: string, wanted: z.infer<typeof versions>): boolean =>
  'range' in wanted ? satisfies(version, wanted.range) : wanted.exact.includes(version);

type Precondition = Offer['preconditions'][number];
/** What the TCU can measure, by name. */
export type CarState = Readonly<Record<string, string | number | boolean>>;

/** Names of the preconditions that do not hold; one that the TCU doesn't know does not hold (DESIGN §6). */
export const unmet = (preconditions: readonly Precondition[], car: CarState): string[] =>
  preconditions.filter((condition) => !holds(condition, car[condition.name])).map(({ name }) => name);

function holds({ op, value }: Precondition, actual: CarState[string] | undefined): boolean {
  if (actual === undefined || typeof actual !== typeof value) return false;
  switch (op) {
    case 'eq':
      return actual === value;
    case 'ne':
      return actual !== value;
    case 'lt':
      return actual < value;
    case 'le':
      return actual <= value;
    case 'gt':
      return actual > value;
    case 'ge':
      return actual >= value;
  }
}

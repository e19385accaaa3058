/**
 * The messages of the vehicle protocol (DESIGN §6): JSON, at most 64 KiB, published as AsyncAPI. The TCU side
 * and the server side both import this file and nothing else of each other.
 */
import { z } from 'zod';

const id = z.string().min(1).max(64);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const v = z.literal(1);
const instant = z.iso.datetime();

export const epoch = z.strictObject({
  /** Serial of the TCU. */
  tcu: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  /** How often its counter was reset. */
  reset: z.int().min(0).max(0xffff_ffff),
});
export type Epoch = z.infer<typeof epoch>;

/** Common to all messages from the vehicle that are receipted. `seq` counts from 1 within an epoch, over both topics. */
const numbered = {
  v,
  epoch,
  seq: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  sentAt: z.string().max(40).nullable().default(null),
};
/** Which offer it answers. */
const about = { campaignId: id, offer: z.int().min(1).max(65_535), attempt: z.int().min(1).max(255) };
const outcome = {
  code: z.string().min(1).max(64),
  message: z.string().max(500).default(''),
};
export const ecuResult = z.strictObject({
  artifactId: z.string().max(130),
  ecuType: z.string().max(32),
  position: z.string().max(32).default(''),
  component: z.string().max(32).default('main'),
  softwareVersion: z.string().max(64),
  manifestDigest: sha256.nullable().default(null),
  result: z.enum(['installed', 'unchanged', 'failed', 'reverted']),
  code: z.string().max(64).default(''),
});
const ecus = z.array(ecuResult).max(64).default([]);

export const feedback = z.discriminatedUnion('kind', [
  z.strictObject({ ...numbered, ...about, kind: z.literal('accepted') }),
  z.strictObject({
    ...numbered,
    ...about,
    kind: z.literal('declined'),
    code: z.string().max(64).default('declined'),
  }),
  z.strictObject({
    ...numbered,
    ...about,
    kind: z.literal('postponed'),
    until: instant.nullable().default(null),
  }),
  z.strictObject({
    ...numbered,
    ...about,
    kind: z.literal('precondition-unmet'),
    names: z.array(z.string().max(64)).min(1).max(32),
  }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('download-started') }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('download-completed') }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('install-started') }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('succeeded'), ecus }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('healthy') }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('failed'), ...outcome, ecus }),
  z.strictObject({ ...numbered, ...about, kind: z.literal('reverted'), ...outcome, ecus }),
]);
export type Feedback = z.infer<typeof feedback>;

export const inventory = z.strictObject({
  ...numbered,
  ecus: z
    .array(
      z.strictObject({
        type: z.string().min(1).max(32),
        position: z.string().max(32).default(''),
        serial: z.string().max(64).default(''),
        hardware: z.strictObject({ part: z.string().min(1).max(64), version: z.string().min(1).max(64) }),
        components: z
          .array(
            z.strictObject({
              name: z.string().min(1).max(32).default('main'),
              part: z.string().max(64).default(''),
              softwareVersion: z.string().min(1).max(64),
            }),
          )
          .min(1)
          .max(32),
      }),
    )
    .min(1)
    .max(200),
});
export type Inventory = z.infer<typeof inventory>;

export const presence = z.strictObject({ v, state: z.enum(['online', 'offline']) });

/** Exactly the seqs that are safe (DESIGN §4.1), as inclusive ranges. Anything not named must be kept and sent again. */
export const receipt = z.strictObject({
  v,
  epoch,
  seqs: z
    .array(z.tuple([z.int().min(1), z.int().min(1)]))
    .min(1)
    .max(1000),
});
export type Receipt = z.infer<typeof receipt>;

export const signature = z.strictObject({
  keyId: z.string().max(128),
  alg: z.enum(['ed25519']),
  value: z.string().max(4096),
});

/** What is signed (its canonical JSON). The digests are those of the plaintext that the ECU gets. */
export const manifest = z.strictObject({
  artifactId: z.string().max(130),
  kind: z.enum(['firmware', 'application', 'configuration']),
  version: z.string().max(64),
  target: z.strictObject({ ecuType: z.string().max(32), component: z.string().max(32) }),
  files: z
    .array(z.strictObject({ name: z.string().max(128), size: z.int().min(0), sha256 }))
    .min(1)
    .max(8),
  requirements: z.unknown(),
});
export type Manifest = z.infer<typeof manifest>;

export const offer = z.strictObject({
  ...about,
  /** Installed in this order. */
  artifacts: z
    .array(z.strictObject({ manifest, signatures: z.array(signature).min(1).max(8) }))
    .min(1)
    .max(16),
  /** Off-peak window in UTC in which to install; null = any time. */
  window: z.strictObject({ opens: instant, closes: instant }).nullable(),
  validUntil: instant,
  preconditions: z.array(
    z.strictObject({
      name: z.string().max(64),
      op: z.enum(['eq', 'ne', 'lt', 'le', 'gt', 'ge']),
      value: z.union([z.string(), z.number(), z.boolean()]),
    }),
  ),
  consentTextKey: z.string().nullable(),
});
export type Offer = z.infer<typeof offer>;

/**
 * All offers open for the vehicle now: what is not in it is cancelled. Sent whole, so that a late or lost
 * message can't leave an old offer standing. An offer alone allows nothing: wait for the grant.
 */
export const update = z.strictObject({ v, offers: z.array(offer).max(32) });
export type Update = z.infer<typeof update>;

/** Permission to download and install one offer; keys and token are secrets. */
export const grant = z.strictObject({
  v,
  ...about,
  /** Bearer token for the content URLs. */
  token: z.string().max(4096),
  expiresAt: instant,
  /** Where downloads start; file URLs are `{contentBase}/content/{ciphertext sha256}`. */
  contentBase: z.string().max(500),
  files: z
    .array(
      z.strictObject({
        artifactId: z.string().max(130),
        name: z.string().max(128),
        fileId: z.uuid(),
        /** Base64 of the 256-bit content key. */
        key: z.string().max(64),
        ciphertext: z.strictObject({ sha256, size: z.int().min(1) }),
      }),
    )
    .min(1)
    .max(128),
});
export type Grant = z.infer<typeof grant>;
export const grants = z.strictObject({ v, grants: z.array(grant).max(32) });

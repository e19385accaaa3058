/**
 * A bundle of evidence: what is claimed for each clause, and the appends of the log that prove it. It can be checked
 * without the server: signature, hash chain, and that every event named is in it.
 */
import { z } from 'zod';
import { signature } from '../../domain/artifact/events.ts';
import { sha256 } from '../../domain/shared/ids.ts';

export const BUNDLE_FORMAT = 'fleetwave-evidence/1';

/** Names an event by its id; `hash` is the link of the chain that its append is. */
export const eventRef = z.object({
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  revision: z.int().min(0),
  time: z.string(),
  hash: sha256,
});
export type EventRef = z.infer<typeof eventRef>;

export const evidenceItem = z.object({
  clause: z.string().meta({ description: 'Paragraph of UN Regulation No. 156.' }),
  subject: z.string().meta({ description: 'What the paragraph asks for, in short.' }),
  statement: z.string().meta({ description: 'What this system holds of it.' }),
  data: z.record(z.string(), z.unknown()),
  events: z.array(eventRef),
});
export type EvidenceItem = z.infer<typeof evidenceItem>;

export const provenAppend = z.object({
  stream: z.string(),
  firstRevision: z.int().min(0),
  /** The link before it in its stream; 64 zeros before the first. */
  previous: sha256,
  hash: sha256,
  metadata: z.record(z.string(), z.unknown()),
  /** False when events of other vehicles, or secrets, were left out: its hash can then be compared with the log only. */
  whole: z.boolean(),
  events: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      schemaVersion: z.int(),
      revision: z.int().min(0),
      data: z.unknown(),
    }),
  ),
});
export type ProvenAppend = z.infer<typeof provenAppend>;

export const provenStream = z.object({
  stream: z.string(),
  /** Every append from the first one on is in the bundle. */
  complete: z.boolean(),
  lastRevision: z.int().min(0),
  /** The end of its chain when the bundle was made: it fixes everything that was in the stream then. */
  lastHash: sha256,
});
export type ProvenStream = z.infer<typeof provenStream>;

export const evidenceContent = z.object({
  format: z.literal(BUNDLE_FORMAT),
  regulation: z.string(),
  subject: z.object({ kind: z.enum(['vehicle', 'campaign']), id: z.string(), vin: z.string().nullable() }),
  madeAt: z.string(),
  items: z.array(evidenceItem),
  notCovered: z.array(z.object({ clause: z.string(), subject: z.string(), why: z.string() })).meta({
    description: 'Paragraphs of §7.1 and §7.2 for which this system holds nothing, or only a part.',
  }),
  streams: z.array(provenStream),
  appends: z.array(provenAppend),
});
export type EvidenceContent = z.infer<typeof evidenceContent>;

export const evidenceBundle = evidenceContent
  .extend({
    signature: signature.meta({
      description:
        'Ed25519 over the canonical JSON (sorted keys, no white space) of everything else, by the key of /v1/keys.',
    }),
  })
  .meta({ id: 'EvidenceBundle' });
export type EvidenceBundle = z.infer<typeof evidenceBundle>;

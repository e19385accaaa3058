import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import { instant, personId, sha256 } from '../shared/ids.ts';

export const ROLES = [
  'developer',
  'validator',
  'planner',
  'approver',
  'operator',
  'analyst',
  'admin',
] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** Keys are 256 random bits, so a plain SHA-256 of them is safe to store. */
export const apiKeyAdded = defineEvent(
  'ApiKeyAdded',
  z.object({
    keyId: z.string().max(32),
    person: personId,
    roles: z.array(role).min(1),
    hash: sha256,
    by: personId,
  }),
);
export const apiKeyRevoked = defineEvent(
  'ApiKeyRevoked',
  z.object({ keyId: z.string().max(32), reason: z.string().max(2000), by: personId }),
);
/** Signed out. `until` is when the session would have ended in any case: from then on nobody has to know of it. */
export const sessionEnded = defineEvent(
  'SessionEnded',
  z.object({ sessionId: z.uuid(), keyId: z.string().max(32), at: instant, until: instant, by: personId }),
);
export const accessRefused = defineEvent(
  'AccessRefused',
  z.object({
    keyId: z.string().max(32).nullable(),
    person: personId.nullable(),
    method: z.string().max(10),
    path: z.string().max(500),
    why: z.enum(['unknown-key', 'revoked-key', 'missing-role', 'four-eyes']),
  }),
);
export const accessEvents = [apiKeyAdded, apiKeyRevoked, sessionEnded, accessRefused] as const;
export type AccessEvent = EventOf<(typeof accessEvents)[number]>;

import { z } from 'zod';
import { instant, personId, sha256 } from '../shared/ids.ts';
import { role } from './events.ts';

/** `hash` is the SHA-256 of the whole key: the key itself never comes near the log. */
export const addApiKey = z.strictObject({
  type: z.literal('AddApiKey'),
  keyId: z.string().min(1).max(32),
  person: personId,
  roles: z.array(role).min(1),
  hash: sha256,
});
export const revokeApiKey = z.strictObject({
  type: z.literal('RevokeApiKey'),
  keyId: z.string().min(1).max(32),
  reason: z.string().max(2000),
});
export const endSession = z.strictObject({
  type: z.literal('EndSession'),
  sessionId: z.uuid(),
  keyId: z.string().min(1).max(32),
  until: instant,
});
export const accessCommand = z.discriminatedUnion('type', [addApiKey, revokeApiKey, endSession]);
export type AccessCommand = z.infer<typeof accessCommand>;

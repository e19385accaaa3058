/**
 * Sessions of the dashboard: `base64url(claims).base64url(HMAC-SHA256)`, so that any process with the same secrets
 * knows them and none keeps any. They name the API key they were had for, and end with it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { hmacKey } from '../hmac-key.ts';
import type { KeyRing } from '../ports/keys.ts';

/** How long a session lasts without being renewed, milliseconds: a shift. */
export const SESSION_MS = 12 * 3_600_000;
/** How long it can be renewed at all: after this the key is asked for again. */
const LONGEST_MS = 7 * 24 * 3_600_000;

const claims = z.strictObject({
  /** Stays the same when it is renewed. */
  sessionId: z.uuid(),
  /** Of the API key. */
  keyId: z.string().max(32),
  /** Secret that it was made with. */
  kid: z.string(),
  /** When the key was given, milliseconds since 1970. */
  since: z.int(),
  /** Milliseconds since 1970. */
  expiresAt: z.int(),
});
export type Session = Omit<z.infer<typeof claims>, 'kid'>;

export interface Sessions {
  /** A session for a key that was just shown. */
  issue(keyId: string): Issued;
  /** The same session for longer. */
  renew(session: Session): Issued;
  /** Null for what is not ours, or has ended. */
  check(token: string): Session | null;
}

interface Issued {
  readonly token: string;
  readonly session: Session;
}

/** From when on no renewal of it counts, milliseconds since 1970. */
export const endOf = ({ since }: Session): number => since + LONGEST_MS;

const mac = (key: Uint8Array, body: string): Buffer =>
  createHmac('sha256', hmacKey(key)).update(`fleetwave session\n${body}`).digest();

export function createSessions(keys: KeyRing, now: () => number, newId: () => string): Sessions {
  const issue = (begun: Omit<Session, 'expiresAt'>): Issued => {
    const session = { ...begun, expiresAt: Math.min(now() + SESSION_MS, begun.since + LONGEST_MS) };
    const body = Buffer.from(JSON.stringify({ ...session, kid: keys.current.id })).toString('base64url');
    return { token: `${body}.${mac(keys.current.key, body).toString('base64url')}`, session };
  };
  return {
    issue: (keyId) => issue({ sessionId: newId(), keyId, since: now() }),
    renew: (session) => issue(session),
    check(token) {
      const [body = '', given = '', ...rest] = token.split('.');
      const read = rest.length > 0 ? null : readClaims(body);
      const key = read === null ? null : keys.get(read.kid);
      if (read === null || key === null || !same(mac(key.key, body), given)) return null;
      const { kid: _, ...session } = read;
      return session.expiresAt <= now() ? null : session;
    },
  };
}

function same(expected: Buffer, given: string): boolean {
  const presented = Buffer.from(given, 'base64url');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}

function readClaims(body: string): z.infer<typeof claims> | null {
  try {
    return claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  } catch {
    return null;
  }
}

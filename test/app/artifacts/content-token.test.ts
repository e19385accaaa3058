import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkContentToken, issueContentToken } from '../../../src/app/artifacts/content-token.ts';
import type { KeyRing } from '../../../src/app/ports/keys.ts';
import { sha256Of } from './bytes.ts';

const ring = (...ids: string[]): KeyRing => {
  const secrets = ids.map((id) => ({ id, key: Buffer.alloc(32, id) }));
  const [current] = secrets;
  if (current === undefined) throw new Error('a ring needs a key');
  return { current, get: (id) => secrets.find((secret) => secret.id === id) ?? null };
};
const files = Array.from({ length: 128 }, (_, i) => sha256Of(Buffer.from([i])));
const now = Date.parse('2026-01-01T00:00:00Z');
const keys = ring('k1');
const token = issueContentToken(keys, { vehicleId: 'V1', sha256s: files, expiresAt: now + 60_000 });
const first = files[0] ?? '';

describe('a content token', () => {
  it('opens exactly the files it names, until it expires', () => {
    for (const file of files)
      expect(checkContentToken(keys, token, file, now)).toEqual({ ok: true, vehicleId: 'V1' });
    expect(checkContentToken(keys, token, sha256Of(Buffer.from('other')), now)).toMatchObject({
      code: 'content-not-granted',
    });
    expect(checkContentToken(keys, token, '../../etc/passwd', now)).toMatchObject({
      code: 'content-not-granted',
    });
    expect(checkContentToken(keys, token, first, now + 59_999).ok).toBe(true);
    expect(checkContentToken(keys, token, first, now + 60_000)).toMatchObject({ code: 'token-expired' });
  });

  it('of the largest grant fits the protocol', () => {
    expect(token.length).toBeLessThanOrEqual(4096);
  });

  it('is refused with any character altered', () => {
    const short = issueContentToken(keys, { vehicleId: 'V1', sha256s: [first], expiresAt: now + 60_000 });
    for (let at = 0; at < short.length; at++) {
      const altered = `${short.slice(0, at)}${short[at] === 'A' ? 'B' : 'A'}${short.slice(at + 1)}`;
      const verdict = checkContentToken(keys, altered, first, now);
      // The last character of a base64url text has bits that mean nothing.
      if (at !== short.length - 1) expect(verdict.ok).toBe(false);
    }
  });

  it.each(['', '.', 'a.b', 'a.b.c', '....', Buffer.from([0xff, 0xfe]).toString('base64url'), 'null.null'])(
    'rubbish %j is refused',
    (rubbish) => {
      expect(checkContentToken(keys, rubbish, first, now)).toEqual({ ok: false, code: 'token-invalid' });
    },
  );

  it('lives on when the key is exchanged, and ends with its key', () => {
    expect(checkContentToken(ring('k2', 'k1'), token, first, now).ok).toBe(true);
    expect(checkContentToken(ring('k2'), token, first, now)).toMatchObject({ code: 'token-invalid' });
    const forged: KeyRing = { ...keys, get: (id) => ({ id, key: randomBytes(32) }) };
    expect(checkContentToken(forged, token, first, now)).toMatchObject({ code: 'token-invalid' });
  });
});

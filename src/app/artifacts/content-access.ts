/** Hands ciphertext out to who has a token for it. */
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import type { BlobStore } from '../ports/artifact-store.ts';
import type { KeyRing } from '../ports/keys.ts';
import { checkContentToken, type TokenVerdict } from './content-token.ts';
import { HotBlobs } from './hot-blobs.ts';

type Refused = { readonly ok: false; readonly rejection: Rejection };

export interface ContentAccess {
  /** Whether a token allows this ciphertext now, and its size in bytes. */
  openContent(token: string, sha256: string): Promise<{ readonly ok: true; readonly size: number } | Refused>;
  /** Ciphertext bytes `start..end` (inclusive), or all. */
  readContent(
    sha256: string,
    range?: { readonly start: number; readonly end: number },
  ): AsyncIterable<Uint8Array>;
}

const tokenRefusal: Readonly<Record<Extract<TokenVerdict, { ok: false }>['code'], Refused>> = {
  'token-invalid': reject('token-invalid', 'the token is not one of ours', 'Use the token of the grant.'),
  'token-expired': reject('token-expired', 'the token has expired', 'Subscribe again to get a new grant.'),
  'content-not-granted': reject(
    'content-not-granted',
    'the token is not for this content',
    'Use the token of the grant that names it.',
  ),
};

export const createContentAccess = (deps: {
  readonly blobs: Pick<BlobStore, 'size' | 'read'>;
  readonly tokenKeys: KeyRing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}): ContentAccess => {
  const blobs = new HotBlobs(deps.blobs);
  return {
    async openContent(token, sha256) {
      const verdict = checkContentToken(deps.tokenKeys, token, sha256, deps.now());
      if (!verdict.ok) return tokenRefusal[verdict.code];
      const size = await blobs.size(sha256);
      if (size !== null) return { ok: true, size };
      return reject('not-found', `the content ${sha256} is not in the store`, 'Tell the operator.');
    },

    readContent: (sha256, range) => blobs.read(sha256, range),
  };
};

/** Hands ciphertext out to who has a token for it: the bytes, or a link to where the store gives them out itself. */
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import type { BlobStore } from '../ports/artifact-store.ts';
import type { KeyRing } from '../ports/keys.ts';
import { checkContentToken, type TokenVerdict } from './content-token.ts';
import { HotBlobs } from './hot-blobs.ts';

type Refused = { readonly ok: false; readonly rejection: Rejection };

/** How vehicles get ciphertext: through the API, or from the store by a link (FLEETWAVE_CONTENT_DELIVERY). */
export type ContentDelivery = 'proxy' | 'presigned';

export interface OpenedContent {
  readonly ok: true;
  /** Bytes. */
  readonly size: number;
  /** With `presigned`: where to get them for the next few minutes. */
  readonly link?: string;
}

export interface ContentAccess {
  /** Whether a token allows this ciphertext now. */
  openContent(token: string, sha256: string): Promise<OpenedContent | Refused>;
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

/**
 * Long enough to begin a download. One that breaks off comes back with its token and gets another link, so it need not
 * last for all of it.
 */
const LINK_VALID_S = 300;

/** Shown to the operator as a mistake in the settings, which it is. */
class ContentDeliveryError extends Error {
  override readonly name = 'ConfigError';
}

export interface ContentAccessDeps {
  readonly blobs: Pick<BlobStore, 'size' | 'read' | 'link'>;
  readonly tokenKeys: KeyRing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Default `proxy`. */
  readonly contentDelivery?: ContentDelivery;
}

/** @throws ConfigError when links are wanted of a store that gives none. */
export const createContentAccess = (deps: ContentAccessDeps): ContentAccess => {
  const blobs = new HotBlobs(deps.blobs);
  const linked = deps.contentDelivery === 'presigned';
  if (linked && deps.blobs.link === undefined)
    throw new ContentDeliveryError(
      'FLEETWAVE_CONTENT_DELIVERY=presigned needs an artifact store that gives links, and files do not: ' +
        'set FLEETWAVE_S3 or FLEETWAVE_AZURE_BLOB, or deliver by proxy.',
    );
  return {
    async openContent(token, sha256) {
      const verdict = checkContentToken(deps.tokenKeys, token, sha256, deps.now());
      if (!verdict.ok) return tokenRefusal[verdict.code];
      const size = await blobs.size(sha256);
      if (size !== null) {
        const link = linked ? await deps.blobs.link?.(sha256, LINK_VALID_S) : undefined;
        return link === undefined ? { ok: true, size } : { ok: true, size, link };
      }
      return reject('not-found', `the content ${sha256} is not in the store`, 'Tell the operator.');
    },

    readContent: (sha256, range) => blobs.read(sha256, range),
  };
};

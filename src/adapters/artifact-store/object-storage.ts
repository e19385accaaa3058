/**
 * What object stores do alike. A blob is at `content/{sha256}`, which is also its path at the API, so that a CDN can
 * have either as its origin. Its name is known only when all of it has come; until then it is at `incoming/{uuid}`.
 */
import type { Readable } from 'node:stream';
import type { StagingStore } from '../../app/ports/staging-store.ts';

export const CONTENT = 'content/';
export const INCOMING = 'incoming/';
export const CONTENT_TYPE = 'application/octet-stream';
/** Of a blob fetched by a link: the bytes under a digest never change, and they are ciphertext. */
export const CACHE_CONTROL = 'public, max-age=31536000, immutable';

const NAME = /^[0-9a-f]{64}$/;

/** @throws RangeError when it is no SHA-256. */
export function checkName(sha256: string): void {
  if (!NAME.test(sha256)) throw new RangeError('a blob is named by 64 lower-case hexadecimal digits');
}

/** The digest in a key below `prefix`; null for what is not ours. */
export function nameIn(key: string | undefined, prefix: string): string | null {
  const name = key?.startsWith(prefix) === true ? key.slice(prefix.length) : '';
  return NAME.test(name) ? name : null;
}

/** An upload in parts. Nothing of it is seen under a blob's name before `publish`. */
export interface Parts {
  /** Parts are numbered from 1 and sent in any order, several at a time. */
  send(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * Puts the parts together under the blob's name, all at once.
   * @throws BlobStoreError `exists` when there is a blob of that name.
   */
  publish(sha256: string, size: number): Promise<void>;
  /** Removes what lies under the name of the upload, before or after `publish`. */
  discard(): Promise<void>;
}

/** Every call is bounded in time and retried a few times; failures are `BlobStoreError`s. */
export interface ObjectStorage {
  /** Bytes of a part; smaller blobs go in one request. */
  readonly partBytes: number;
  readonly maxParts: number;
  /** Makes the bucket or container when it is missing and that is allowed. */
  prepare(mayCreate: boolean): Promise<void>;
  /** @throws BlobStoreError `exists` when there is a blob of that name. */
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  begin(): Promise<Parts>;
  /** Bytes, or null. */
  size(sha256: string): Promise<number | null>;
  /**
   * From byte `start` to `end` (inclusive) or to the end, and how many bytes that will be.
   * @throws BlobStoreError `missing` when there is no such blob or it ends before `start`.
   */
  open(sha256: string, start: number, end: number | undefined): Promise<{ body: Readable; bytes: number }>;
  list(): AsyncIterable<string>;
  /** A link that anyone may read the blob with from one time to another. */
  link(sha256: string, from: Date, until: Date): Promise<string>;
  /** Names are checked before they get here. */
  readonly staged: StagingStore;
  /** Removes what uploads begun before `before` have left, at most about a thousand of them. @returns how many. */
  sweep(before: Date): Promise<number>;
  close(): void;
}

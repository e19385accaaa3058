import type { StagingStore } from './staging-store.ts';

/** Immutable ciphertext by its SHA-256 (DESIGN §9). */
export interface BlobStore {
  /** Streams bytes in; nothing is visible under `sha256` until `commit`, which is durable and atomic. */
  begin(): Promise<{
    write(chunk: Uint8Array): Promise<void>;
    commit(sha256: string): Promise<void>;
    abort(): Promise<void>;
  }>;
  /** Size in bytes, or null. */
  size(sha256: string): Promise<number | null>;
  /** Bytes `start..end` (inclusive), or all. */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  list(): AsyncIterable<string>;
  /**
   * An address at which anyone may read the blob by GET, with ranges, for `valid_s` seconds at least. Only stores have
   * it that vehicles can reach by themselves.
   * @throws RangeError for less than a second, or for longer than the store can promise (4 days at least).
   */
  link?(sha256: string, valid_s: number): Promise<string>;
}

/** What the process that takes uploads opens. */
export interface BlobStoreWithStaging extends BlobStore {
  readonly staging: StagingStore;
}

export interface ManifestSigner {
  readonly keyId: string;
  sign(
    bytes: Uint8Array,
  ): Promise<{ readonly keyId: string; readonly alg: 'ed25519'; readonly value: string }>;
}

/** Wraps content keys by a master key (file, environment or KMS). */
export interface KeyWrapper {
  readonly masterKeyId: string;
  wrap(key: Uint8Array, context: string): Promise<string>;
  /** @throws Error when the wrapped key or its context was altered, or the master key is another one. */
  unwrap(wrapped: string, context: string, masterKeyId: string): Promise<Uint8Array>;
}

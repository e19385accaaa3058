/** One object that is staged. */
export interface StagedObject {
  /** `{group}/{object}`: 1 to 64 lower-case hexadecimal digits, and 1 to 32 lower-case letters or digits. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, by the store's clock; milliseconds since 1970. */
  readonly modifiedAt: number;
}

/**
 * What has come of uploads that are under way: sealed objects beside the blobs and never among them, so that no check
 * and no copy of blobs meets them. They come in groups, one for each upload. Any number of processes may use one store.
 */
export interface StagingStore {
  /**
   * Writes an object that never changes, all of it or nothing. Durable when it resolves.
   * @returns false when there is one of that name, which stays as it is. After a failure that was retried, it may be
   *   the very one that was to be written: look at it.
   */
  put(name: string, bytes: Uint8Array): Promise<boolean>;
  /** All of an object; null when there is none. */
  get(name: string): Promise<Uint8Array | null>;
  /** Objects of the groups that begin with these digits, all when there are none; in no order. */
  list(groupPrefix: string): AsyncIterable<StagedObject>;
  /** It is no error when one of them is not there. */
  remove(names: readonly string[]): Promise<void>;
}

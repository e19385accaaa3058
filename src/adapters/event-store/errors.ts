/** What went wrong with the log itself, in contrast to a refused append, which is a result and not an error. */
export type EventStoreErrorCode =
  /**
   * The store was closed, or its thread has died: open it again. Appends that were under way when the thread
   * died may or may not be recorded; repeating them with the same event ids is safe.
   */
  | 'closed'
  /** The transaction failed (disk full, I/O error); nothing of it is recorded, later appends may succeed. */
  | 'commit-failed'
  /** Another process or store has the log open for writing. */
  | 'in-use'
  /** The file was written by a newer version. */
  | 'newer-file'
  /** There is no log at this place, or the file is something else. */
  | 'no-log'
  /** The caller asked for something that no log can do (bad stream name, empty append, bad position). */
  | 'invalid-request'
  /** More appends are waiting than the store is willing to hold. */
  | 'overloaded'
  /** A read failed: I/O error or a damaged file. */
  | 'read-failed'
  /**
   * The server can't be reached or did not answer in time, also after retries. Appends that were under way may or
   * may not be recorded; repeating them with the same event ids is safe.
   */
  | 'unavailable'
  /** The server refuses the credentials, or they lack a permission. */
  | 'denied'
  /** The server is too old, or can't do what is needed. */
  | 'unsupported';

export class EventStoreError extends Error {
  override readonly name = 'EventStoreError';
  readonly code: EventStoreErrorCode;

  constructor(code: EventStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

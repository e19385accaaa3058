export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after about that long; at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

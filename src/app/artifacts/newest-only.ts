/**
 * One piece of work per key at a time, the newest: the one before is told to stop and waited for. For connections that
 * are dead and not yet known to be, which must not keep their sender out.
 */
export class NewestOnly {
  readonly #active = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();

  #closing = false;

  /** Whether the process ends. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Tells all that are at work to stop, because the process ends. */
  stopAll(): void {
    this.#closing = true;
    for (const { stop } of this.#active.values()) stop.abort('closing');
  }

  /** The signal's reason is `newer` or `closing`. */
  async run<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const entry = { stop, ended };
    const before = this.#active.get(key);
    this.#active.set(key, entry);
    before?.stop.abort('newer');
    await before?.ended;
    try {
      return await work(stop.signal);
    } finally {
      end();
      if (this.#active.get(key) === entry) this.#active.delete(key);
    }
  }
}

/**
 * How soon work that keeps failing is tried again. Each try reads the shard from the log and takes it over anew,
 * which is an append: without a pause, one thing that can't succeed would fill the log.
 */

/** Failures in a row that are tried again at once: a lost append is nothing unusual. */
const FREE = 3;
const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Work of a kind that has failed several times in a row has to wait. */
export class BackingOffError extends Error {
  override readonly name = 'BackingOffError';
}

export class Retries {
  /** Of kinds whose last try failed; there are few kinds. */
  readonly #failing = new Map<string, { readonly failures: number; readonly until_ms: number }>();

  /** @throws BackingOffError while work of this kind has to wait. */
  check(kind: string, now_ms: number): void {
    const failing = this.#failing.get(kind);
    if (failing === undefined || failing.until_ms <= now_ms) return;
    const until = new Date(failing.until_ms).toISOString();
    throw new BackingOffError(`failed ${failing.failures} times in a row; tried again at ${until}`);
  }

  failed(kind: string, now_ms: number): void {
    const failures = (this.#failing.get(kind)?.failures ?? 0) + 1;
    const wait_ms = failures <= FREE ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - FREE - 1));
    this.#failing.set(kind, { failures, until_ms: now_ms + wait_ms });
  }

  succeeded(kind: string): void {
    this.#failing.delete(kind);
  }
}

/**
 * When a quiet subscription looks at the head of the log, and what it makes of it.
 *
 * What was appended between its last look at the head and the moment it went live is not always told: servers up to
 * 24.10 tell no checkpoint for the last foreign events of that gap. And a call may have died without a word.
 */

/** Just gone live: how soon to look whether all that is there was told, and again before giving the call up. */
const SOON_MS = 50;
const AGAIN_MS = 150;
const NOW_AND_THEN_MS = 10_000;

export class HeadWatch {
  #confirmed = false;
  #doubts = 0;

  /** How long to wait for the next message before looking, milliseconds. */
  get patience_ms(): number {
    if (this.#confirmed) return NOW_AND_THEN_MS;
    return this.#doubts === 0 ? SOON_MS : AGAIN_MS;
  }

  /** Something came. `caughtUp`: the call has just gone live, maybe again. */
  heard(caughtUp: boolean): void {
    this.#doubts = 0;
    if (caughtUp) this.#confirmed = false;
  }

  /**
   * Nothing came, and the head was looked at.
   * @returns `stuck` when something is in the log that was twice not told: begin anew.
   */
  sees(ahead: boolean): 'fine' | 'stuck' {
    if (!ahead) {
      this.#confirmed = true;
      this.#doubts = 0;
      return 'fine';
    }
    this.#doubts += 1;
    this.#confirmed = false;
    return this.#doubts > 1 ? 'stuck' : 'fine';
  }
}

/** The value of a promise, or undefined when it takes longer. */
export async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

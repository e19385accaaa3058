/** Which sessions were signed out, for as long as anybody could come back with one. */
import type { AccessEvent } from '../../domain/access/events.ts';

type Ended = Extract<AccessEvent, { type: 'SessionEnded' }>['data'];

/** Below this many nothing is looked through for what can be forgotten. */
const FEW = 1000;

export class EndedSessions {
  /** When each would have ended in any case, by its id. */
  readonly #until = new Map<string, string>();
  #lookAt = FEW;

  get size(): number {
    return this.#until.size;
  }

  has(sessionId: string): boolean {
    return this.#until.has(sessionId);
  }

  /** Looks for what is past each time that there are twice as many as were left, so an event costs next to nothing. */
  add({ sessionId, at, until }: Pick<Ended, 'sessionId' | 'at' | 'until'>): void {
    this.#until.set(sessionId, until);
    if (this.#until.size < this.#lookAt) return;
    for (const [id, end] of this.#until) if (end <= at) this.#until.delete(id);
    this.#lookAt = Math.max(FEW, 2 * this.#until.size);
  }
}

/**
 * What a subscription hears live: at most 32 messages, numbered. A reader too slow loses the oldest, sees the gap in
 * the numbers, and goes back to the log.
 */
import type { LogPosition, StoredEvent } from './stored-event.ts';

const CAPACITY = 32;

export interface LiveMessage {
  readonly number: number;
  readonly event?: StoredEvent;
  readonly checkpoint?: LogPosition;
}

export class LiveEvents {
  readonly #messages: LiveMessage[] = [];
  #number = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  push(message: Omit<LiveMessage, 'number'>): void {
    this.#number += 1;
    this.#messages.push({ ...message, number: this.#number });
    if (this.#messages.length > CAPACITY) this.#messages.shift();
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next message; undefined when closed. */
  async take(): Promise<LiveMessage | undefined> {
    while (this.#messages.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return this.#closed ? undefined : this.#messages.shift();
  }
}

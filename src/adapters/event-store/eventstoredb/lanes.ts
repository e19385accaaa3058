/** Tasks of one name one after the other, of different names side by side, only so many at a time. */
export class Lanes {
  readonly #slots: number;
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(slots: number) {
    this.#slots = slots;
  }

  get running(): number {
    return this.#running;
  }

  run<Value>(name: string, task: () => Promise<Value>): Promise<Value> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const mine = before.then(() => this.#inSlot(task));
    const tail = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(name, tail);
    void tail.then(() => this.#leave(name, tail));
    return mine;
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    if (this.#tails.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  async #inSlot<Value>(task: () => Promise<Value>): Promise<Value> {
    if (this.#running < this.#slots) this.#running += 1;
    else
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    try {
      return await task();
    } finally {
      // Whoever waits takes the slot over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #leave(name: string, tail: Promise<unknown>): void {
    if (this.#tails.get(name) !== tail) return;
    this.#tails.delete(name);
    if (this.#tails.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}

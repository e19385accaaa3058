/** Runs jobs one after the other: nothing of one shard is decided on half of another decision. */
export class SerialQueue {
  readonly #limit: number;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** More than `limit` waiting jobs are refused. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws Error when too many wait; else whatever the job throws. */
  run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit)
      return Promise.reject(new Error(`${this.#limit} jobs wait for this shard`));
    this.#waiting += 1;
    const result = this.#tail.then(async () => {
      this.#waiting -= 1;
      return job();
    });
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Resolves when all jobs that were given until now have ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

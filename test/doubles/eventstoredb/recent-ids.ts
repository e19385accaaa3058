/** Ids of the last events written, by which the server knows a repeated append that expects no exact revision. */
export class RecentIds {
  readonly #limit: number;
  readonly #revisions = new Map<string, { readonly stream: string; readonly revision: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(stream: string, id: string, revision: number): void {
    this.#revisions.delete(id);
    this.#revisions.set(id, { stream, revision });
    if (this.#revisions.size <= this.#limit) return;
    const oldest = this.#revisions.keys().next();
    if (oldest.done !== true) this.#revisions.delete(oldest.value);
  }

  revisionOf(stream: string, id: string): number | undefined {
    const seen = this.#revisions.get(id);
    return seen?.stream === stream ? seen.revision : undefined;
  }

  clear(): void {
    this.#revisions.clear();
  }
}

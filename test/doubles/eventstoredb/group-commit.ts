/** Puts appends that arrive together into one transaction, and tells those who follow the log what was written. */
import type { AppendOutcome, AppendRequest, EventLog } from './event-log.ts';
import type { StoredEvent } from './stored-event.ts';

export type LogFollower = (event: StoredEvent) => void;

/** Appends of one transaction, so that one commit does not hold up the answers of the others too long. */
const MOST_AT_ONCE = 512;

interface Waiting {
  readonly request: AppendRequest;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #log: EventLog;
  readonly #followers = new Set<LogFollower>();
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Resolves when the append is durable, or has been refused. Its caller limits how many are under way. */
  append(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  /** Appends at once what the server itself writes. @throws what the database says. */
  write(request: AppendRequest): void {
    this.#tell(this.#log.commit([request]).written);
  }

  delete(stream: string, expected: number, hard: boolean): AppendOutcome {
    const { outcome, written } = this.#log.delete(stream, expected, hard);
    this.#tell(written);
    return outcome;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Calls back for every event from now on, in order, right after its commit. Returns how to stop that. */
  follow(follower: LogFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    const group = this.#waiting.splice(0, MOST_AT_ONCE);
    try {
      const { outcomes, written } = this.#log.commit(group.map(({ request }) => request));
      for (const [index, { resolve }] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) resolve(outcome);
      }
      this.#tell(written);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  #tell(written: readonly StoredEvent[]): void {
    for (const event of written) for (const follower of this.#followers) follower(event);
  }
}

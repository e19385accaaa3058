/** Every API key as it is now, in memory, following the `access` stream: a key counts from its event on. */
import type { Role } from '../../domain/access/events.ts';
import { readEvent } from '../../domain/events.ts';
import { ACCESS_STREAM } from '../../domain/shared/streams.ts';
import type { EventStore, Position, RecordedEvent, Subscription } from '../ports.ts';
import { START } from '../ports.ts';
import { EndedSessions } from './ended-sessions.ts';

export interface KeyEntry {
  readonly keyId: string;
  readonly person: string;
  readonly roles: readonly Role[];
  readonly hash: string;
  readonly addedAt: string;
  readonly addedBy: string;
  readonly revoked: boolean;
}

/** The `access` stream can't be followed any more: a key that is revoked from now on would still be accepted. */
export class AccessLostError extends Error {
  override readonly name = 'AccessLostError';
}

interface Waiter {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class KeyRing {
  readonly #keys = new Map<string, KeyEntry>();
  readonly #waiters = new Set<Waiter>();
  readonly #endedSessions = new EndedSessions();
  #lost: AccessLostError | null = null;
  #position: Position = START;
  #revision = -1;
  #subscription: Subscription | null = null;

  /** Resolves when every key in the log is known. `onError` hears an AccessLostError when the subscription has ended. */
  async start(store: EventStore, onError: (error: unknown) => void): Promise<void> {
    const head = await store.head();
    this.#subscription = store.subscribe({
      prefixes: [ACCESS_STREAM],
      onBatch: async ({ events, position }) => {
        for (const event of events) if (event.stream === ACCESS_STREAM) this.#apply(event);
        this.#reach(position);
      },
      onError: (error) => {
        this.#lost = new AccessLostError(`the keys can't be followed any more: ${String(error)}`, {
          cause: error,
        });
        for (const { reject } of this.#waiters) reject(this.#lost);
        this.#waiters.clear();
        onError(this.#lost);
      },
    });
    await this.reached(head);
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
    this.#subscription = null;
  }

  get(keyId: string): KeyEntry | undefined {
    return this.#keys.get(keyId);
  }

  /** Was it signed out? */
  hasEnded(sessionId: string): boolean {
    return this.#endedSessions.has(sessionId);
  }

  /** Oldest first. */
  list(): readonly KeyEntry[] {
    return [...this.#keys.values()];
  }

  /** Revision of the newest event of the `access` stream seen so far; -1 for none. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves when everything up to the position is known. @throws AccessLostError when it never will be. */
  reached(position: Position): Promise<void> {
    if (this.#position >= position) return Promise.resolve();
    if (this.#lost !== null) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => this.#waiters.add({ position, resolve, reject }));
  }

  #reach(position: Position): void {
    this.#position = position;
    for (const waiter of this.#waiters) {
      if (waiter.position > position) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #apply(recorded: RecordedEvent): void {
    this.#revision = recorded.revision;
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known) return;
    const { event } = read;
    if (event.type === 'ApiKeyAdded') {
      const { keyId, person, roles, hash, by } = event.data;
      const addedAt = recorded.metadata.time;
      this.#keys.set(keyId, { keyId, person, roles, hash, addedAt, addedBy: by, revoked: false });
    } else if (event.type === 'ApiKeyRevoked') {
      const entry = this.#keys.get(event.data.keyId);
      if (entry !== undefined) this.#keys.set(entry.keyId, { ...entry, revoked: true });
    } else if (event.type === 'SessionEnded') {
      this.#endedSessions.add(event.data);
    }
  }
}

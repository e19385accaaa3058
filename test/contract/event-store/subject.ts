/** The log that a contract's test works on. */
import { afterAll, beforeAll } from 'vitest';
import type { EventStore } from '../../../src/app/ports.ts';

/** A place that holds one log. */
export interface EventStoreFixture {
  /** Opens the log; a log that was closed is opened again with what it held when `durable`. */
  open(): Promise<EventStore>;
  /** Whether events outlive `close`. */
  readonly durable: boolean;
  /** Name under which a stream is stored, which its hashes are over; its own by default. */
  readonly storedName?: (stream: string) => string;
  /** Removes the log. */
  dispose(): Promise<void>;
}

export type EventStoreFactory = () => Promise<EventStoreFixture>;

/** What a contract's tests use: a log of their own, so streams need no unique names. */
export interface Subject {
  readonly store: EventStore;
  readonly durable: boolean;
  readonly storedName: (stream: string) => string;
  /** Closes and opens the log. */
  reopen(): Promise<EventStore>;
}

export interface Opened extends Subject, AsyncDisposable {}

export async function subjectOf(factory: EventStoreFactory): Promise<Opened> {
  const fixture = await factory();
  let store = await fixture.open();
  return {
    get store() {
      return store;
    },
    durable: fixture.durable,
    storedName: fixture.storedName ?? ((stream) => stream),
    async reopen() {
      await store.close();
      store = await fixture.open();
      return store;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await fixture.dispose();
    },
  };
}

export type OpenSubject = () => Promise<Opened>;

/** One log for all tests of a block that only read. */
export function shared(open: OpenSubject, fill: (store: EventStore) => Promise<void>): () => EventStore {
  let subject: Opened | undefined;
  beforeAll(async () => {
    subject = await open();
    await fill(subject.store);
  });
  afterAll(async () => {
    await subject?.[Symbol.asyncDispose]();
  });
  return () => {
    if (subject === undefined) throw new Error('the log is not open yet');
    return subject.store;
  };
}

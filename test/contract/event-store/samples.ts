import { randomUUID } from 'node:crypto';
import type {
  AppendMetadata,
  AppendRequest,
  EventBatch,
  EventStore,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  VerifyProgress,
} from '../../../src/app/ports.ts';

export const metadata: AppendMetadata = {
  actor: { kind: 'person', id: 'ada' },
  time: '2026-03-01T10:00:00.000Z',
  correlationId: '0197f0c2-0000-7000-8000-000000000001',
  causationId: null,
  source: 'http',
  command: { id: 'key-1', digest: 'd1' },
};

export const event = (data: unknown = {}, type = 'Tested', schemaVersion = 1): NewEvent => ({
  id: randomUUID(),
  type,
  schemaVersion,
  data,
});

export const events = (count: number): NewEvent[] =>
  Array.from({ length: count }, (_, index) => event({ index }));

export const request = (
  stream: string,
  expectedRevision: number,
  added: readonly NewEvent[] = [event()],
): AppendRequest => ({ stream, expectedRevision, events: added, metadata });

/** An event whose data alone has about this many bytes. */
export const bigEvent = (bytes: number): NewEvent => event({ text: 'x'.repeat(bytes) });

/** Appends one request and fails unless it was appended. */
export async function append(
  store: EventStore,
  stream: string,
  expectedRevision: number,
  added: readonly NewEvent[] = [event()],
): Promise<string> {
  const [result] = await store.append([request(stream, expectedRevision, added)]);
  if (result?.status !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
  return result.position;
}

export async function readStream(
  store: Pick<EventStore, 'readStream'>,
  stream: string,
  options?: ReadStreamOptions,
): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const batch of store.readStream(stream, options)) all.push(...batch);
  return all;
}

export async function readBatches(
  store: Pick<EventStore, 'readAll'>,
  options?: ReadAllOptions,
): Promise<EventBatch[]> {
  const all: EventBatch[] = [];
  for await (const batch of store.readAll(options)) all.push(batch);
  return all;
}

export const readAll = async (store: Pick<EventStore, 'readAll'>, options?: ReadAllOptions) =>
  (await readBatches(store, options)).flatMap((batch) => batch.events);

export async function verify(store: Pick<EventStore, 'verify'>, stream?: string): Promise<VerifyProgress> {
  let last: VerifyProgress = { appends: 0, streams: 0, problems: [] };
  for await (const progress of store.verify(stream)) last = progress;
  return last;
}

export const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

/** Collects what a subscription delivers, and lets a test wait for a condition instead of a time. */
export class Collector {
  readonly batches: (EventBatch & { readonly live: boolean })[] = [];
  readonly errors: unknown[] = [];
  #changed: () => void = () => {};

  readonly onBatch = async (batch: EventBatch & { readonly live: boolean }): Promise<void> => {
    this.batches.push(batch);
    this.#changed();
  };

  readonly onError = (error: unknown): void => {
    this.errors.push(error);
    this.#changed();
  };

  get events(): readonly RecordedEvent[] {
    return this.batches.flatMap((batch) => batch.events);
  }

  async until(condition: (collector: Collector) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

/** Given these events, these documents: folds one projection through the real projector. */
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type {
  Document,
  EventStore,
  Projection,
  ReadModelReader,
  ReadModelWriter,
} from '../../src/app/ports.ts';
import { rebuildProjection, startProjector } from '../../src/app/projector.ts';
import type { DomainEvent } from '../../src/domain/events.ts';

export const TIME = '2027-01-01T00:00:00.000Z';

export class Given {
  readonly store: EventStore = createMemoryEventStore();
  readonly #revisions = new Map<string, number>();
  #ids = 0;

  async append(stream: string, ...events: readonly DomainEvent[]): Promise<this> {
    const expectedRevision = this.#revisions.get(stream) ?? -1;
    const newId = (): string => `00000000-0000-7000-8000-${String(++this.#ids).padStart(12, '0')}`;
    const metadata = {
      actor: { kind: 'person' as const, id: 'ada' },
      time: TIME,
      correlationId: 'c',
      causationId: null,
      source: 'http',
    };
    const [result] = await this.store.append([
      { stream, expectedRevision, events: toNewEvents(events, newId), metadata },
    ]);
    if (result?.status !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
    this.#revisions.set(stream, result.revision);
    return this;
  }

  async fold(projection: Projection): Promise<ReadModelReader> {
    const writer = createMemoryReadModel();
    await rebuildProjection({ log: this.store, writer }, projection);
    return writer;
  }

  async document(projection: Projection, collection: string, id: string): Promise<Document | null> {
    return (await this.fold(projection)).get(collection, id);
  }
}

/** Folds what is in the store, in batches of the given size, as a projector at work does. */
export async function project(
  store: EventStore,
  projections: readonly Projection[],
  batchSize: number,
): Promise<ReadModelWriter> {
  const writer = createMemoryReadModel();
  const head = await store.head();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const projector = await startProjector({
    log: {
      readAll: store.readAll.bind(store),
      head: store.head.bind(store),
      subscribe: (options) => store.subscribe({ ...options, batchSize }),
    },
    writer,
    projections,
    onError: reject,
    onMoved: (position) => {
      if (position >= head) resolve();
    },
  });
  try {
    await promise;
  } finally {
    await projector.stop();
  }
  return writer;
}

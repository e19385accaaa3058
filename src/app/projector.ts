/** Follows the log and folds it into read models: one subscription, a batch at a time, checkpoint with each batch. */
import { readEvent } from '../domain/events.ts';
import { isElsewhere } from './elsewhere.ts';
import type {
  Document,
  DocumentKey,
  Documents,
  EventBatch,
  EventStore,
  Position,
  ProjectedEvent,
  Projection,
  ReadModelWriter,
  Subscription,
} from './ports.ts';
import { START } from './ports.ts';

export interface ProjectorDeps {
  readonly log: Pick<EventStore, 'subscribe' | 'readAll' | 'head'>;
  readonly writer: ReadModelWriter;
  readonly projections: readonly Projection[];
  readonly onError: (error: unknown) => void;
  /** Called after read models have moved on, with the position that all of them have reached. */
  readonly onMoved?: (position: Position) => void;
  /** Called with every batch before it is folded, for what is kept in memory only (the targeting index). */
  readonly onBatch?: (batch: EventBatch) => void;
  /** Waited for after each batch of a live log, so that the next one is larger: transactions cost more than events. */
  readonly breathe?: () => Promise<void>;
}

export interface Projector {
  position(): Position;
  /** Events of types that a newer version wrote, since the start. */
  skipped(): number;
  stop(): Promise<void>;
}

const EVENTS_PER_BATCH = 1000;
/** Documents kept between batches, so that hot ones are not parsed again and again. */
const KEPT_DOCUMENTS = 5000;

/** Checkpoints belong to a projection's version: another version starts from the beginning. */
export const checkpointName = ({ name, version }: Projection): string => `${name}@${version}`;

const keyOf = (collection: string, id: string): string => `${collection}\u0000${id}`;

/** How often a rebuild follows a projector at work before it is swapped in all the same. */
const MAX_ROUNDS = 5;

/** Starts from the oldest checkpoint; resolves once the read models are prepared. */
export async function startProjector(deps: ProjectorDeps): Promise<Projector> {
  const folders: ProjectionFolder[] = [];
  for (const projection of deps.projections) {
    const name = checkpointName(projection);
    await deps.writer.prepare(name, projection.collections);
    if (isElsewhere(await deps.writer.checkpoint(name), await deps.log.head()))
      await rebuildProjection(deps, projection);
    folders.push(new ProjectionFolder(projection, deps.writer, await deps.writer.checkpoint(name)));
  }
  const oldest = (): Position => folders.map(({ checkpoint }) => checkpoint).sort()[0] ?? START;
  let skipped = 0;
  const subscription: Subscription = deps.log.subscribe({
    // What is kept in memory only has to see everything again.
    after: deps.onBatch === undefined ? oldest() : START,
    batchSize: EVENTS_PER_BATCH,
    onError: deps.onError,
    async onBatch(batch) {
      deps.onBatch?.(batch);
      const { events, unknown } = parse(batch);
      skipped += unknown;
      for (const folder of folders) await folder.fold(events, batch.position);
      deps.onMoved?.(oldest());
      if (batch.live) await deps.breathe?.();
    },
  });
  return { position: oldest, skipped: () => skipped, stop: () => subscription.stop() };
}

/**
 * Folds one projection from the beginning into new collections, then puts them in the place of the old ones. A
 * projector may go on with the old ones meanwhile where the store fences it: the new ones are served once they are
 * past them, or, while they move on all the time, less than a batch behind.
 * @returns how many events were folded.
 */
export async function rebuildProjection(
  deps: { readonly log: Pick<EventStore, 'readAll'>; readonly writer: ReadModelWriter },
  projection: Projection,
  onProgress: (position: Position, events: number) => void = () => {},
): Promise<number> {
  const name = checkpointName(projection);
  await deps.writer.prepare(name, projection.collections);
  const rebuild = await deps.writer.rebuild(name);
  try {
    const folder = new ProjectionFolder(projection, rebuild.writer, START);
    let seen = 0;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { prefixes } = projection;
      const options = { batchSize: EVENTS_PER_BATCH, prefixes, after: folder.checkpoint };
      for await (const batch of deps.log.readAll(options)) {
        await folder.fold(parse(batch).events, batch.position);
        seen += batch.events.length;
        onProgress(batch.position, seen);
      }
      if (folder.checkpoint >= (await deps.writer.checkpoint(name))) break;
    }
    await rebuild.swap();
    return seen;
  } catch (error) {
    await rebuild.discard();
    throw error;
  }
}

function parse(batch: EventBatch): { events: ProjectedEvent[]; unknown: number } {
  const events: ProjectedEvent[] = [];
  let unknown = 0;
  for (const recorded of batch.events) {
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (read.known) events.push({ event: read.event, recorded });
    else unknown++;
  }
  return { events, unknown };
}

class ProjectionFolder implements Documents {
  readonly #projection: Projection;
  readonly #writer: ReadModelWriter;
  /** Loaded documents; null = known not to be there. Insertion order is age. */
  readonly #loaded = new Map<string, Document | null>();
  /** Collection of each loaded document that was put. */
  readonly #puts = new Map<string, string>();
  readonly #deletes = new Map<string, DocumentKey>();
  #current: ProjectedEvent | null = null;
  checkpoint: Position;

  constructor(projection: Projection, writer: ReadModelWriter, checkpoint: Position) {
    this.#projection = projection;
    this.#writer = writer;
    this.checkpoint = checkpoint;
  }

  /** Folds what is new for this projection; a checkpoint moves over foreign events too. */
  async fold(events: readonly ProjectedEvent[], upTo: Position): Promise<void> {
    if (upTo <= this.checkpoint) return;
    const mine = events.filter(
      ({ recorded }) => recorded.position > this.checkpoint && this.#concerns(recorded.stream),
    );
    try {
      await this.#load(mine.flatMap((event) => this.#projection.keys(event)));
      await this.#load(mine.flatMap((event) => this.#projection.furtherKeys?.(event, this) ?? []));
      for (const event of mine) {
        this.#current = event;
        this.#projection.apply(event, this);
      }
      const batch = {
        puts: [...this.#puts].flatMap(([key, collection]) => {
          const document = this.#loaded.get(key) ?? null;
          return document === null ? [] : [{ ...document, collection }];
        }),
        deletes: [...this.#deletes.values()],
        checkpoint: upTo,
      };
      await this.#writer.write(checkpointName(this.#projection), batch);
    } catch (error) {
      // Documents were changed in place: what is stored is the truth again.
      this.#loaded.clear();
      throw error;
    } finally {
      this.#puts.clear();
      this.#deletes.clear();
    }
    this.checkpoint = upTo;
    this.#forget();
  }

  get<T extends Document>(collection: string, id: string): T | null {
    const found = this.#loaded.get(keyOf(collection, id));
    if (found === undefined)
      throw new Error(`${this.#projection.name} looks at ${collection}/${id} without naming it in keys()`);
    return found as T | null;
  }

  put(collection: string, document: Document): void {
    if (this.#current === null) throw new Error('documents change with events only');
    const { position, id: eventId } = this.#current.recorded;
    const key = keyOf(collection, document.id);
    // What was changed in place, and put in this batch before, is where it belongs: it happens for every event.
    if (this.#puts.has(key) && this.#loaded.get(key) === document) {
      Object.assign(document, { position, eventId });
      return;
    }
    const stamped = { ...document, position, eventId };
    // Written last, forgotten last: what changes all the time stays.
    this.#loaded.delete(key);
    this.#loaded.set(key, stamped);
    this.#puts.set(key, collection);
    this.#deletes.delete(key);
  }

  delete(collection: string, id: string): void {
    const key = keyOf(collection, id);
    this.#loaded.set(key, null);
    this.#puts.delete(key);
    this.#deletes.set(key, { collection, id });
  }

  #concerns(stream: string): boolean {
    return this.#projection.prefixes.some((prefix) => stream.startsWith(prefix));
  }

  async #load(keys: readonly DocumentKey[]): Promise<void> {
    const missing = new Map<string, Set<string>>();
    for (const { collection, id } of keys) {
      if (this.#loaded.has(keyOf(collection, id))) continue;
      const ids = missing.get(collection) ?? new Set<string>();
      missing.set(collection, ids.add(id));
    }
    for (const [collection, set] of missing) {
      const ids = [...set];
      const found = await this.#writer.getMany(collection, ids);
      for (const [index, id] of ids.entries()) this.#loaded.set(keyOf(collection, id), found[index] ?? null);
    }
  }

  #forget(): void {
    for (const key of this.#loaded.keys()) {
      if (this.#loaded.size <= KEPT_DOCUMENTS) return;
      this.#loaded.delete(key);
    }
  }
}

/** Writes the read models into MongoDB. One writer per projection has its word; what it does survives being cut off anywhere. */
import type {
  CollectionSpec,
  Document,
  FindOptions,
  Page,
  Position,
  ReadModelWriter,
} from '../../../app/ports.ts';
import { ReadModelFencedError, START } from '../../../app/ports.ts';
import { Connection, type MongoOptions } from './connection.ts';
import { GenerationWriter, type WriteCounters } from './generation-writer.ts';
import { GRACE_MS, type Grace, Janitor } from './janitor.ts';
import { MongoReader } from './mongo-reader.ts';
import { changePointer, type Served, takeNumber } from './pointer.ts';
import { RebuildWriter } from './rebuild-writer.ts';
import {
  ensureIndexes,
  generations,
  physicalName,
  RETIRED,
  type ServedGeneration,
  sameCollections,
} from './schema.ts';

export interface MongoWriterOptions extends MongoOptions {
  /** How long a write is repeated while MongoDB can't be reached, milliseconds; default 60,000. */
  readonly retry_ms?: number;
  readonly grace?: Grace;
}

type Batch = Parameters<ReadModelWriter['write']>[1];
type Stats = Readonly<Record<string, number>>;

/** Opens the read models for their projector. @throws ReadModelUnavailableError when MongoDB can't be reached. */
export async function openMongoReadModel(
  options: MongoWriterOptions,
): Promise<ReadModelWriter & { stats(): Stats }> {
  const connection = await Connection.open({ ...options, retry_ms: options.retry_ms ?? 60_000 });
  return new MongoWriter(connection, options.grace);
}

export class MongoWriter implements ReadModelWriter {
  readonly #connection: Connection;
  readonly #reader: MongoReader;
  readonly #janitor: Janitor;
  /** By projection. */
  readonly #writers = new Map<string, GenerationWriter>();
  /** Generations that are being built by this process. */
  readonly #building = new Set<number>();
  readonly #counters: WriteCounters = { batches: 0, documents: 0, stale: 0, redone: 0, fenced: 0 };

  constructor(connection: Connection, grace: Grace = GRACE_MS) {
    this.#connection = connection;
    this.#reader = new MongoReader(connection, 0);
    this.#janitor = new Janitor(connection, grace);
  }

  /**
   * Becomes the one writer of the projection: an earlier one fails from here on. What it left half-written is finished.
   * @throws ReadModelFencedError when another one prepares it at the same moment, and later.
   */
  async prepare(projection: string, collections: readonly CollectionSpec[]): Promise<void> {
    this.#writers.delete(projection);
    const { revision, served } = await takeNumber(this.#connection);
    const fitting = served.find(
      (one) => one.projection === projection && sameCollections(one.collections, collections),
    );
    const writer =
      (fitting === undefined ? null : await this.#resume(fitting, revision)) ??
      (await this.#beginAnew(projection, collections, revision));
    this.#writers.set(projection, writer);
    this.#reader.forget();
    await this.#tidyUp(() => this.#janitor.look(this.#building));
    await this.#tidyUp(() => this.#janitor.sweep());
  }

  async write(projection: string, batch: Batch): Promise<void> {
    await this.#writer(projection).write(batch);
    await this.#tidyUp(() => this.#janitor.sweep());
  }

  async rebuild(
    projection: string,
  ): Promise<{ writer: ReadModelWriter; swap(): Promise<void>; discard(): Promise<void> }> {
    const { revision, served } = await takeNumber(this.#connection);
    const live = served.find((one) => one.projection === projection);
    if (live === undefined) throw new Error(`there is no projection ${projection} to rebuild`);
    const writer = await this.#make(projection, live.collections, revision);
    return {
      writer: new RebuildWriter(this.#connection, writer),
      swap: () => this.#swap(writer),
      discard: async () => {
        await this.#janitor.discard(writer.generation);
        this.#building.delete(writer.generation);
      },
    };
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    return (await this.getMany<T>(collection, [id]))[0] ?? null;
  }

  /** From what it writes to itself, whatever is served meanwhile. */
  async getMany<T extends Document>(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (T | null)[]> {
    for (const writer of this.#writers.values())
      if (writer.collections.some(({ name }) => name === collection))
        return await writer.getMany<T>(collection, ids);
    throw new Error(`there is no collection ${collection}: prepare it first`);
  }

  find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    return this.#reader.find<T>(collection, options);
  }

  count(collection: string, where?: FindOptions['where']): Promise<number> {
    return this.#reader.count(collection, where);
  }

  checkpoint(projection: string): Promise<Position> {
    return this.#reader.checkpoint(projection);
  }

  dump(collection: string): AsyncIterable<Document> {
    return this.#reader.dump(collection);
  }

  stats(): Stats {
    return { ...this.#connection.stats(), ...this.#counters, dropped: this.#janitor.dropped };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #writer(projection: string): GenerationWriter {
    const writer = this.#writers.get(projection);
    if (writer === undefined)
      throw new ReadModelFencedError(`${projection} is not prepared: prepare it before writing`);
    return writer;
  }

  /** Null when something of it is missing: then it begins anew. */
  async #resume({ projection, generation, collections }: ServedGeneration, epoch: number) {
    const { db } = this.#connection;
    const found = await this.#connection.run(() => generations(db).findOne({ _id: generation }));
    const names = await this.#connection.run(() => db.listCollections({}, { nameOnly: true }).toArray());
    const there = new Set(names.map(({ name }) => name));
    const whole = collections.every(({ name }) => there.has(physicalName(name, generation)));
    if (found !== null && found.epoch !== RETIRED && whole) {
      await this.#ensureIndexes(generation, collections);
      const writer = this.#writerOf(projection, generation, collections);
      if (await writer.take(epoch)) return writer;
    }
    this.#connection.log(
      'warn',
      `parts of the read model ${projection} are gone from MongoDB: building it anew`,
    );
    return null;
  }

  /** New, empty collections, served in place of those of the same names, whatever projection they were of. */
  async #beginAnew(projection: string, collections: readonly CollectionSpec[], generation: number) {
    const writer = await this.#make(projection, collections, generation);
    const names = new Set(collections.map(({ name }) => name));
    const isDisplaced = (one: ServedGeneration): boolean =>
      one.projection === projection || one.collections.some(({ name }) => names.has(name));
    await this.#serve(writer, (served) => served.filter(isDisplaced));
    await writer.take(generation);
    return writer;
  }

  async #make(projection: string, collections: readonly CollectionSpec[], generation: number) {
    const { db } = this.#connection;
    const document = {
      projection,
      collections,
      epoch: generation,
      served: false,
      position: START,
      redo: null,
    };
    await this.#connection.run(() =>
      generations(db).replaceOne({ _id: generation }, document, { upsert: true }),
    );
    this.#building.add(generation);
    await this.#ensureIndexes(generation, collections);
    return this.#writerOf(projection, generation, collections, generation);
  }

  async #ensureIndexes(generation: number, collections: readonly CollectionSpec[]): Promise<void> {
    for (const { name, indexes } of collections)
      await this.#connection.run(() =>
        ensureIndexes(this.#connection.db, physicalName(name, generation), indexes),
      );
  }

  #writerOf(
    projection: string,
    generation: number,
    collections: readonly CollectionSpec[],
    epoch?: number,
  ): GenerationWriter {
    return new GenerationWriter({
      connection: this.#connection,
      projection,
      generation,
      collections,
      counters: this.#counters,
      ...(epoch === undefined ? {} : { epoch }),
    });
  }

  async #swap(writer: GenerationWriter): Promise<void> {
    const { revision } = await takeNumber(this.#connection);
    // Fails when it was taken for left behind; if not, it can't be from here on.
    await writer.claim(revision);
    await this.#serve(writer, (served) => {
      const old = served.filter(({ projection }) => projection === writer.projection);
      if (old.length === 0 || !old.every((one) => sameCollections(one.collections, writer.collections)))
        throw new ReadModelFencedError(`${writer.projection} is served otherwise now: build it again`);
      return old;
    });
    await writer.take(revision);
    this.#writers.set(writer.projection, writer);
  }

  /** Serves it in place of others, at once for all readers; those others are written by nobody any more. */
  async #serve(writer: GenerationWriter, displacedBy: (served: Served) => Served): Promise<void> {
    const { projection, generation, collections } = writer;
    let displaced: Served = [];
    await changePointer(this.#connection, (served) => {
      const others = served.filter((one) => one.generation !== generation);
      displaced = displacedBy(others);
      return [...others.filter((one) => !displaced.includes(one)), { projection, generation, collections }];
    });
    this.#building.delete(generation);
    this.#reader.forget();
    for (const one of displaced) {
      if (this.#writers.get(one.projection)?.generation === one.generation)
        this.#writers.delete(one.projection);
      await this.#janitor.retire(one.generation);
    }
  }

  /** What is not wanted any more is no reason to stop. */
  async #tidyUp(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#connection.log(
        'warn',
        'dropping old read models in MongoDB failed; it is tried again at the next start',
        {
          error,
        },
      );
    }
  }
}

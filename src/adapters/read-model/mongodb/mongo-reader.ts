/** Queries on the read models that are served: which collections those are, is looked up in the pointer. */
import type { Document, FindOptions, Page, Position, ReadModelReader } from '../../../app/ports.ts';
import { ReadModelUnavailableError, START } from '../../../app/ports.ts';
import { Connection, type MongoOptions } from './connection.ts';
import { isCollectionGone } from './errors.ts';
import { readPointer } from './pointer.ts';
import { countIn, findPage, getManyFrom, type Live, QueryError } from './queries.ts';
import { generations, type ServedGeneration } from './schema.ts';

export interface MongoReaderOptions extends MongoOptions {
  /** How long what the pointer said is believed, milliseconds, 0..1000; default 250: a rebuild is seen within it. */
  readonly pointer_ms?: number;
}

const DUMP_PAGE = 500;
/** Collections are dropped no sooner than this after they are not served any more (`GRACE_MS`). */
const SAFE_MS = 5000;
const LOOKS = 5;

interface Pointer {
  readonly served: readonly ServedGeneration[];
  readonly readAt: number;
}

/** Opens the read models for queries. @throws ReadModelUnavailableError when MongoDB can't be reached. */
export async function openMongoReader(
  options: MongoReaderOptions,
): Promise<ReadModelReader & { close(): Promise<void>; stats(): Readonly<Record<string, number>> }> {
  const connection = await Connection.open({ ...options, retry_ms: 0 });
  return new MongoReader(connection, options.pointer_ms);
}

export class MongoReader implements ReadModelReader {
  readonly #connection: Connection;
  readonly #pointer_ms: number;
  #pointer: Pointer | null = null;
  #reading: Promise<Pointer> | null = null;
  #queries = 0;

  constructor(connection: Connection, pointer_ms = 250) {
    if (!(pointer_ms >= 0 && pointer_ms <= 1000)) throw new RangeError('pointer_ms must be 0..1000');
    this.#connection = connection;
    this.#pointer_ms = pointer_ms;
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    return (await this.getMany<T>(collection, [id]))[0] ?? null;
  }

  getMany<T extends Document>(collection: string, ids: readonly string[]): Promise<readonly (T | null)[]> {
    return this.#query(collection, (live) => getManyFrom<T>(this.#connection, live, ids));
  }

  find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    return this.#query(collection, (live) => findPage<T>(this.#connection, live, options));
  }

  count(collection: string, where: FindOptions['where'] = {}): Promise<number> {
    return this.#query(collection, (live) => countIn(this.#connection, live, where));
  }

  /** Of the generation that queries are answered from. */
  async checkpoint(projection: string): Promise<Position> {
    const { served } = await this.#current(this.#pointer_ms);
    const generation = served.find((one) => one.projection === projection)?.generation;
    if (generation === undefined) return START;
    const found = await this.#connection.run(() =>
      generations(this.#connection.db).findOne({ _id: generation }, { projection: { position: 1 } }),
    );
    return found?.position ?? START;
  }

  /** @throws QueryError when the collection is rebuilt in the middle: two generations are never mixed. */
  async *dump(collection: string): AsyncIterable<Document> {
    const live = await this.#live(collection, 0);
    let cursor: string | null = null;
    do {
      const options: FindOptions = cursor === null ? { limit: DUMP_PAGE } : { limit: DUMP_PAGE, cursor };
      const page: Page<Document> = await findPage(this.#connection, live, options);
      if ((await this.#live(collection, SAFE_MS)).generation !== live.generation)
        throw new QueryError(`${collection} was rebuilt while it was being read: begin again`);
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  /** Looks at the pointer again before the next query: for who has just changed it. */
  forget(): void {
    this.#pointer = null;
    this.#reading = null;
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#connection.stats(), queries: this.#queries };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /**
   * One query on one generation. A collection that is dropped reads as empty, so an answer counts only if its
   * generation was still served a short while ago.
   */
  async #query<T>(collection: string, work: (live: Live) => Promise<T>): Promise<T> {
    this.#queries++;
    let live = await this.#live(collection, this.#pointer_ms);
    for (let look = 1; ; look++) {
      const { generation } = live;
      const outcome = await work(live).then(
        (result) => ({ result }),
        (error: unknown) => {
          if (isCollectionGone(error)) return { error };
          throw error;
        },
      );
      live = await this.#live(collection, 'result' in outcome ? SAFE_MS : 0);
      if (live.generation === generation) {
        if ('result' in outcome) return outcome.result;
        throw outcome.error;
      }
      if (look >= LOOKS) throw new QueryError(`${collection} is rebuilt all the time`);
    }
  }

  async #live(collection: string, age_ms: number): Promise<Live> {
    const { served } = await this.#current(age_ms);
    for (const { generation, collections } of served) {
      const spec = collections.find(({ name }) => name === collection);
      if (spec !== undefined) return { ...spec, generation };
    }
    throw new ReadModelUnavailableError(
      `there is no collection ${collection} in MongoDB at ${this.#connection.hosts}: the projector has not made it yet`,
    );
  }

  async #current(age_ms: number): Promise<Pointer> {
    if (this.#pointer !== null && performance.now() - this.#pointer.readAt <= age_ms) return this.#pointer;
    if (this.#reading !== null) return await this.#reading;
    const reading = this.#read();
    this.#reading = reading;
    try {
      const pointer = await reading;
      // Not when it was to be forgotten meanwhile.
      if (this.#reading === reading) this.#pointer = pointer;
      return pointer;
    } finally {
      if (this.#reading === reading) this.#reading = null;
    }
  }

  async #read(): Promise<Pointer> {
    // From before the question: what was served then was perhaps not served any more when the answer came.
    const readAt = performance.now();
    const pointer = await readPointer(this.#connection);
    return { served: pointer?.served ?? [], readAt };
  }
}

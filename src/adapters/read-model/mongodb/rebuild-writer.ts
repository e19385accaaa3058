/** A writer on collections that are not served yet: whatever it is asked, it answers from those. */
import type { Document, FindOptions, Page, Position, ReadModelWriter } from '../../../app/ports.ts';
import type { Connection } from './connection.ts';
import type { GenerationWriter } from './generation-writer.ts';
import { countIn, findPage } from './queries.ts';

type Batch = Parameters<ReadModelWriter['write']>[1];

const DUMP_PAGE = 500;

export class RebuildWriter implements ReadModelWriter {
  readonly #connection: Connection;
  readonly #writer: GenerationWriter;

  constructor(connection: Connection, writer: GenerationWriter) {
    this.#connection = connection;
    this.#writer = writer;
  }

  /** Its collections were made with it. */
  async prepare(): Promise<void> {}

  write(_projection: string, batch: Batch): Promise<void> {
    return this.#writer.write(batch);
  }

  rebuild(projection: string): Promise<never> {
    return Promise.reject(new Error(`${projection} is being rebuilt already`));
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    return (await this.getMany<T>(collection, [id]))[0] ?? null;
  }

  async getMany<T extends Document>(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (T | null)[]> {
    return await this.#writer.getMany<T>(collection, ids);
  }

  async find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    return await findPage<T>(this.#connection, this.#writer.live(collection), options);
  }

  async count(collection: string, where: FindOptions['where'] = {}): Promise<number> {
    return await countIn(this.#connection, this.#writer.live(collection), where);
  }

  async checkpoint(): Promise<Position> {
    return this.#writer.position;
  }

  async *dump(collection: string): AsyncIterable<Document> {
    let cursor: string | null = null;
    do {
      const options: FindOptions = cursor === null ? { limit: DUMP_PAGE } : { limit: DUMP_PAGE, cursor };
      const page: Page<Document> = await this.find(collection, options);
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  /** The connection is that of the writer that it came from. */
  async close(): Promise<void> {}
}

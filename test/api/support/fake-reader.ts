/** A read model in maps, with the port's semantics: enough for the API's own behaviour. */
import type { Document, FindOptions, Page, Position, ReadModelReader } from '../../../src/app/ports.ts';

export class FakeReader implements ReadModelReader {
  readonly #collections = new Map<string, Map<string, Document>>();
  position: Position = '';

  put(collection: string, document: Document): void {
    const documents = this.#collections.get(collection) ?? new Map<string, Document>();
    this.#collections.set(collection, documents.set(document.id, document));
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    return (this.#collections.get(collection)?.get(id) as T | undefined) ?? null;
  }

  async getMany<T extends Document>(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (T | null)[]> {
    return Promise.all(ids.map((id) => this.get<T>(collection, id)));
  }

  async find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    const after = options.cursor === undefined ? '' : Buffer.from(options.cursor, 'base64url').toString();
    if (options.cursor !== undefined && !after.startsWith('after:'))
      throw Object.assign(new Error('not a cursor of this list'), { code: 'invalid-cursor' });
    const items = this.#matching(collection, options.where).filter(({ id }) => `after:${id}` > after);
    const page = items.slice(0, options.limit);
    const last = page.at(-1);
    const next = items.length > page.length && last !== undefined ? `after:${last.id}` : null;
    return {
      items: page as unknown as T[],
      next: next === null ? null : Buffer.from(next).toString('base64url'),
    };
  }

  async count(collection: string, where?: FindOptions['where']): Promise<number> {
    return this.#matching(collection, where).length;
  }

  async checkpoint(): Promise<Position> {
    return this.position;
  }

  async *dump(collection: string): AsyncIterable<Document> {
    yield* this.#matching(collection, undefined);
  }

  #matching(collection: string, where: FindOptions['where']): Document[] {
    return [...(this.#collections.get(collection)?.values() ?? [])]
      .filter((document) => Object.entries(where ?? {}).every(([field, value]) => document[field] === value))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

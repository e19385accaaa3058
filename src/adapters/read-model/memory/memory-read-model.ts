/** Read models in memory: for tests. Documents are kept as text, so nobody can change what is stored. */
import type {
  CollectionSpec,
  Document,
  FindOptions,
  Page,
  Position,
  ReadModelWriter,
} from '../../../app/ports.ts';
import { START } from '../../../app/ports.ts';
import { checkLimit, indexValue, readCursor, writeCursor } from '../cursor.ts';

interface Collection {
  readonly projection: string;
  readonly indexes: readonly string[];
  readonly documents: Map<string, string>;
}

export const createMemoryReadModel = (): ReadModelWriter => new MemoryReadModel(new Map(), new Map());

class MemoryReadModel implements ReadModelWriter {
  readonly #collections: Map<string, Collection>;
  readonly #checkpoints: Map<string, Position>;

  constructor(collections: Map<string, Collection>, checkpoints: Map<string, Position>) {
    this.#collections = collections;
    this.#checkpoints = checkpoints;
  }

  async prepare(projection: string, collections: readonly CollectionSpec[]): Promise<void> {
    const fits = ({ name, indexes }: CollectionSpec): boolean => {
      const old = this.#collections.get(name);
      return old?.projection === projection && String(old.indexes) === String(indexes);
    };
    if (collections.every(fits)) return;
    for (const { name, indexes } of collections)
      this.#collections.set(name, { projection, indexes, documents: new Map() });
    this.#checkpoints.delete(projection);
  }

  async write(
    projection: string,
    { puts, deletes, checkpoint }: Parameters<ReadModelWriter['write']>[1],
  ): Promise<void> {
    for (const { collection, ...document } of puts) {
      const { documents, indexes } = this.#collection(collection);
      for (const field of indexes) indexValue(document[field]);
      const old = documents.get(document.id);
      const position = old === undefined ? null : ((JSON.parse(old) as Document).position ?? START);
      if (position === null || (document.position ?? START) > position)
        documents.set(document.id, JSON.stringify(document));
    }
    for (const { collection, id } of deletes) this.#collection(collection).documents.delete(id);
    this.#checkpoints.set(projection, checkpoint);
  }

  async rebuild(
    projection: string,
  ): Promise<{ writer: ReadModelWriter; swap(): Promise<void>; discard(): Promise<void> }> {
    const mine = [...this.#collections].filter(([, collection]) => collection.projection === projection);
    if (mine.length === 0) throw new Error(`there is no projection ${projection} to rebuild`);
    const collections = new Map(
      mine.map(([name, { indexes }]) => [
        name,
        { projection, indexes, documents: new Map<string, string>() },
      ]),
    );
    const checkpoints = new Map<string, Position>();
    return {
      writer: new MemoryReadModel(collections, checkpoints),
      swap: async () => {
        for (const [name, collection] of collections) this.#collections.set(name, collection);
        this.#checkpoints.set(projection, checkpoints.get(projection) ?? START);
      },
      discard: async () => collections.clear(),
    };
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    const text = this.#collection(collection).documents.get(id);
    return text === undefined ? null : (JSON.parse(text) as T);
  }

  getMany<T extends Document>(collection: string, ids: readonly string[]): Promise<readonly (T | null)[]> {
    return Promise.all(ids.map((id) => this.get<T>(collection, id)));
  }

  async find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    checkLimit(options.limit);
    const field = options.sort?.field ?? 'id';
    this.#mustBeIndexed(collection, [field, ...Object.keys(options.where ?? {})]);
    const direction = options.sort?.descending === true ? -1 : 1;
    const cursor = options.cursor === undefined ? null : readCursor(options.cursor);
    const rows = this.#matching<T>(collection, options.where)
      .map((document) => ({ document, value: indexValue(document[field]), id: document.id }))
      .sort((a, b) => direction * compare(a, b))
      .filter((row) => cursor === null || direction * compare(row, cursor) > 0);
    const page = rows.slice(0, options.limit);
    const last = page.at(-1);
    return {
      items: page.map(({ document }) => document),
      next: rows.length > options.limit && last !== undefined ? writeCursor(last) : null,
    };
  }

  async count(collection: string, where?: FindOptions['where']): Promise<number> {
    this.#mustBeIndexed(collection, Object.keys(where ?? {}));
    return this.#matching(collection, where).length;
  }

  async checkpoint(projection: string): Promise<Position> {
    return this.#checkpoints.get(projection) ?? START;
  }

  async *dump(collection: string): AsyncIterable<Document> {
    const { documents } = this.#collection(collection);
    for (const id of [...documents.keys()].sort()) yield JSON.parse(documents.get(id) ?? 'null') as Document;
  }

  async close(): Promise<void> {}

  #matching<T extends Document>(collection: string, where: FindOptions['where'] = {}): T[] {
    return [...this.#collection(collection).documents.values()]
      .map((text) => JSON.parse(text) as T)
      .filter((document) =>
        Object.entries(where).every(([field, value]) => indexValue(document[field]) === indexValue(value)),
      );
  }

  #collection(name: string): Collection {
    const found = this.#collections.get(name);
    if (found === undefined) throw new Error(`there is no collection ${name}: prepare it first`);
    return found;
  }

  #mustBeIndexed(collection: string, fields: readonly string[]): void {
    for (const field of fields)
      if (field !== 'id' && !this.#collection(collection).indexes.includes(field))
        throw new Error(`${field} is not indexed in ${collection}`);
  }
}

interface Place {
  readonly value: string | number;
  readonly id: string;
}

/** Numbers before text, as SQLite orders them; ties by id. */
function compare(a: Place, b: Place): number {
  if (a.value === b.value) return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  if (typeof a.value !== typeof b.value) return typeof a.value === 'number' ? -1 : 1;
  return a.value < b.value ? -1 : 1;
}

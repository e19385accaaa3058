/** The one writer of one generation: batches through a redo record, every step compared and set against its epoch. */
import {
  type CollectionSpec,
  type Document,
  type Position,
  ReadModelFencedError,
} from '../../../app/ports.ts';
import { apply, operationsOf } from './apply.ts';
import type { Connection } from './connection.ts';
import { getManyFrom, type Live } from './queries.ts';
import { type Changes, loadRedo, type RedoPlace, storeRedo } from './redo.ts';
import { type GenerationDocument, generations, type Redo } from './schema.ts';

export interface WriteCounters {
  batches: number;
  documents: number;
  /** Documents that were there already, as new or newer. */
  stale: number;
  /** Batches that an earlier writer had left half-written. */
  redone: number;
  fenced: number;
}

export interface GenerationWriterOptions {
  readonly connection: Connection;
  readonly projection: string;
  readonly generation: number;
  readonly collections: readonly CollectionSpec[];
  readonly counters: WriteCounters;
  /** Its writer's while it is built; without it, it has to be taken first. */
  readonly epoch?: number;
}

type Batch = Changes & { readonly checkpoint: Position };

export class GenerationWriter {
  readonly projection: string;
  readonly generation: number;
  readonly collections: readonly CollectionSpec[];
  readonly #connection: Connection;
  readonly #counters: WriteCounters;
  #epoch: number;
  /** What is built by half is thrown away, not mended: it needs no record. */
  #redo = false;
  #position: Position = '';
  #batch = 0;
  /** Why nothing can be written any more: what is stored may be another batch than its caller believes. */
  #ended: Error | null = null;

  constructor(options: GenerationWriterOptions) {
    this.#connection = options.connection;
    this.projection = options.projection;
    this.generation = options.generation;
    this.collections = options.collections;
    this.#counters = options.counters;
    this.#epoch = options.epoch ?? 0;
  }

  /** The checkpoint, as far as this writer has moved it. */
  get position(): Position {
    return this.#position;
  }

  /**
   * Becomes its only writer.
   * @throws ReadModelFencedError when a later one has taken it, or it is not there.
   */
  async claim(epoch: number): Promise<void> {
    await this.#become(epoch, {});
  }

  /**
   * Becomes its only writer now that it is served, and finishes what the one before has left half-written. False:
   * that can't be finished, because its record is not whole.
   * @throws ReadModelFencedError when a later one has taken it, or it is not there.
   */
  async take(epoch: number): Promise<boolean> {
    const { redo } = await this.#become(epoch, { served: true });
    this.#redo = true;
    return redo === null || (await this.#finish(redo));
  }

  /** @throws ReadModelFencedError when another writer has its place, or an earlier write has failed. */
  async write({ puts, deletes, checkpoint }: Batch): Promise<void> {
    this.#mustBeOpen();
    const operations = operationsOf({ puts, deletes }, checkpoint, this.collections);
    try {
      if (operations.size === 0) await this.#advance(checkpoint);
      else if (this.#redo) await this.#record({ puts, deletes, checkpoint }, operations);
      else {
        this.#counters.stale += await apply(this.#connection, this.generation, operations);
        await this.#advance(checkpoint);
      }
    } catch (error) {
      this.#ended = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    this.#position = checkpoint;
    this.#counters.batches++;
    this.#counters.documents += puts.length + deletes.length;
  }

  getMany<T extends Document>(collection: string, ids: readonly string[]): Promise<readonly (T | null)[]> {
    this.#mustBeOpen();
    return getManyFrom<T>(this.#connection, this.live(collection), ids);
  }

  /** @throws Error for a collection that is not of the projection. */
  live(collection: string): Live {
    const spec = this.collections.find(({ name }) => name === collection);
    if (spec === undefined) throw new Error(`there is no collection ${collection}: prepare it first`);
    return { ...spec, generation: this.generation };
  }

  async #become(epoch: number, set: Partial<GenerationDocument>): Promise<GenerationDocument> {
    const found = await this.#connection.run(() =>
      generations(this.#connection.db).findOneAndUpdate(
        { _id: this.generation, epoch: { $lte: epoch } },
        { $set: { ...set, epoch } },
        { returnDocument: 'after' },
      ),
    );
    if (found === null) throw this.#fenced(await this.#read());
    this.#epoch = epoch;
    this.#position = found.position;
    return found;
  }

  async #record(batch: Batch, operations: ReturnType<typeof operationsOf>): Promise<void> {
    const { checkpoint, ...changes } = batch;
    const number = ++this.#batch;
    const place = { generation: this.generation, epoch: this.#epoch, batch: number };
    const chunks = await storeRedo(this.#connection, place, changes);
    await this.#compareAndSet(
      { position: this.#position, redo: null },
      { redo: { epoch: this.#epoch, batch: number, chunks, checkpoint } },
      ({ redo }) => redo?.epoch === this.#epoch && redo.batch === number,
    );
    this.#counters.stale += await apply(this.#connection, this.generation, operations);
    await this.#close(place, checkpoint);
  }

  async #finish(redo: Redo): Promise<boolean> {
    const place = { generation: this.generation, epoch: redo.epoch, batch: redo.batch };
    const changes = await loadRedo(this.#connection, place, redo.chunks);
    if (changes === null) return false;
    const operations = operationsOf(changes, redo.checkpoint, this.collections);
    this.#counters.stale += await apply(this.#connection, this.generation, operations);
    await this.#close(place, redo.checkpoint);
    this.#counters.redone++;
    this.#position = redo.checkpoint;
    return true;
  }

  #close({ epoch, batch }: RedoPlace, checkpoint: Position): Promise<void> {
    return this.#compareAndSet(
      { 'redo.epoch': epoch, 'redo.batch': batch },
      { position: checkpoint, redo: null },
      ({ position, redo }) => position === checkpoint && redo === null,
    );
  }

  #advance(checkpoint: Position): Promise<void> {
    return this.#compareAndSet(
      { position: this.#position, redo: null },
      { position: checkpoint },
      ({ position, redo }) => position === checkpoint && redo === null,
    );
  }

  /** `done` tells its own work apart from another's, where the answer to an attempt was lost. */
  async #compareAndSet(
    expected: Readonly<Record<string, unknown>>,
    set: Partial<GenerationDocument>,
    done: (found: GenerationDocument) => boolean,
  ): Promise<void> {
    const filter = { _id: this.generation, epoch: this.#epoch, ...expected };
    const { matchedCount } = await this.#connection.run(() =>
      generations(this.#connection.db).updateOne(filter, { $set: set }),
    );
    if (matchedCount === 1) return;
    const found = await this.#read();
    if (found !== null && found.epoch === this.#epoch && done(found)) return;
    throw this.#fenced(found);
  }

  #read(): Promise<GenerationDocument | null> {
    return this.#connection.run(() => generations(this.#connection.db).findOne({ _id: this.generation }));
  }

  #mustBeOpen(): void {
    if (this.#ended === null) return;
    if (this.#ended instanceof ReadModelFencedError) throw this.#ended;
    throw new ReadModelFencedError(`an earlier write of ${this.projection} has failed: prepare it again`, {
      cause: this.#ended,
    });
  }

  #fenced(found: GenerationDocument | null): ReadModelFencedError {
    this.#counters.fenced++;
    return new ReadModelFencedError(
      found === null
        ? `the read models of ${this.projection} are not in MongoDB any more: start the projector again, it builds them anew`
        : `another projector has taken over ${this.projection}, or it was built anew: this one must not write any more`,
    );
  }
}

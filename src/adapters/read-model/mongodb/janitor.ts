/** Drops what is served no more: after a grace for readers, and never what another process is just building. */
import type { Filter } from 'mongodb';
import type { Connection } from './connection.ts';
import { readPointer } from './pointer.ts';
import { dropRedo } from './redo.ts';
import { type GenerationDocument, generationIn, generations, physicalName, RETIRED } from './schema.ts';

export interface Grace {
  /** For readers that still look at what was served before, milliseconds; more than they believe a pointer (5000). */
  readonly retired_ms: number;
  /** After which what is being built, but has not grown, is taken for left behind, milliseconds. */
  readonly abandoned_ms: number;
}

export const GRACE_MS: Grace = { retired_ms: 10_000, abandoned_ms: 60_000 };

/** A generation that was not served, as it was seen. */
interface Seen {
  readonly epoch: number;
  readonly position: string;
  readonly dropAt: number;
}

export class Janitor {
  readonly #connection: Connection;
  readonly #grace: Grace;
  readonly #seen = new Map<number, Seen>();
  #dropped = 0;

  constructor(connection: Connection, grace: Grace) {
    this.#connection = connection;
    this.#grace = grace;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Looks for what is not served, except `own`: it is dropped by a later `sweep`, once it is due. */
  async look(own: ReadonlySet<number>): Promise<void> {
    const { db } = this.#connection;
    // In this order: a generation is known before its collections are made, and until they are gone.
    const names = await this.#connection.run(() => db.listCollections({}, { nameOnly: true }).toArray());
    const known = await this.#connection.run(() => generations(db).find().toArray());
    const pointer = await readPointer(this.#connection);
    const served = new Set(pointer?.served.map(({ generation }) => generation));
    for (const generation of known) {
      if (served.has(generation._id) || own.has(generation._id)) continue;
      // Who put another in its place was cut off before the end of its writer.
      if (generation.served && generation.epoch !== RETIRED) await this.retire(generation._id);
      else if (!this.#seen.has(generation._id)) this.#remember(generation);
    }
    // Made again by a write that came after the end: no writer has it, no reader looks at it.
    const ids = new Set(known.map(({ _id }) => _id));
    for (const { name } of names) {
      const generation = generationIn(name);
      if (generation !== null && !ids.has(generation) && generation <= (pointer?.revision ?? 0))
        await this.#connection.run(() => db.dropCollection(name));
    }
  }

  /** Nobody writes to it from here on. */
  async retire(generation: number): Promise<GenerationDocument | null> {
    const retired = await this.#fence({ _id: generation });
    if (retired !== null) this.#remember(retired);
    return retired;
  }

  /** Drops what is due, unless it has grown since it was seen: then somebody is still building it. */
  async sweep(): Promise<void> {
    const now = performance.now();
    for (const [_id, { epoch, position, dropAt }] of this.#seen) {
      if (dropAt > now) continue;
      this.#seen.delete(_id);
      // Its builder claims it once more before it is served: if that comes first, the fence below finds another epoch.
      if (await this.#isServed(_id)) continue;
      const fenced = await this.#fence({ _id, epoch, position });
      if (fenced !== null) await this.#drop(fenced);
      else await this.#seeAgain(_id);
    }
  }

  /** Drops it without waiting: nobody has ever read it. */
  async discard(generation: number): Promise<void> {
    const retired = await this.retire(generation);
    this.#seen.delete(generation);
    if (retired !== null && !(await this.#isServed(generation))) await this.#drop(retired);
  }

  #remember({ _id, epoch, position }: GenerationDocument): void {
    const grace_ms = epoch === RETIRED ? this.#grace.retired_ms : this.#grace.abandoned_ms;
    this.#seen.set(_id, { epoch, position, dropAt: performance.now() + grace_ms });
  }

  async #seeAgain(_id: number): Promise<void> {
    const found = await this.#connection.run(() => generations(this.#connection.db).findOne({ _id }));
    if (found !== null) this.#remember(found);
  }

  #fence(filter: Filter<GenerationDocument>): Promise<GenerationDocument | null> {
    const { db } = this.#connection;
    return this.#connection.run(() =>
      generations(db).findOneAndUpdate(filter, { $set: { epoch: RETIRED } }, { returnDocument: 'after' }),
    );
  }

  async #isServed(generation: number): Promise<boolean> {
    const pointer = await readPointer(this.#connection);
    return pointer?.served.some((one) => one.generation === generation) ?? false;
  }

  /** Its documents first: what is cut off in the middle is found again. */
  async #drop({ _id, collections }: GenerationDocument): Promise<void> {
    const { db } = this.#connection;
    for (const { name } of collections)
      await this.#connection.run(() => db.dropCollection(physicalName(name, _id)));
    await dropRedo(this.#connection, _id);
    await this.#connection.run(() => generations(db).deleteOne({ _id }));
    this.#dropped++;
  }
}

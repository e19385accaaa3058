/** The redo record of a batch: the whole of it, stored in chunks before any document of it is written. */
import { Binary } from 'mongodb';
import type { Document, DocumentKey } from '../../../app/ports.ts';
import type { Connection } from './connection.ts';
import { chunkId, chunks, firstChunkId } from './schema.ts';

export interface Changes {
  readonly puts: readonly (Document & { collection: string })[];
  readonly deletes: readonly DocumentKey[];
}

/** MongoDB takes documents of 16 MiB. */
const CHUNK_BYTES = 8 * 2 ** 20;

export interface RedoPlace {
  readonly generation: number;
  readonly epoch: number;
  readonly batch: number;
}

/** Stores it in place of what is there of earlier batches; gives back the number of chunks. It counts from then on. */
export async function storeRedo(
  connection: Connection,
  place: RedoPlace,
  changes: Changes,
  chunkBytes = CHUNK_BYTES,
): Promise<number> {
  const { generation, epoch, batch } = place;
  const bytes = Buffer.from(JSON.stringify(changes));
  const count = Math.ceil(bytes.length / chunkBytes);
  const parts = Array.from({ length: count }, (_, chunk) => ({
    id: chunkId(generation, epoch, batch, chunk),
    bytes: new Binary(bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)),
  }));
  const earlier = { $gte: firstChunkId(generation), $lt: chunkId(generation, epoch, batch, 0) };
  await connection.run(() =>
    chunks(connection.db).bulkWrite([
      { deleteMany: { filter: { _id: earlier } } },
      ...parts.map(({ id, bytes: part }) => ({
        replaceOne: { filter: { _id: id }, replacement: { bytes: part }, upsert: true },
      })),
    ]),
  );
  return count;
}

/** Null when a part of it is missing, which nothing but a hand in the database explains. */
export async function loadRedo(
  connection: Connection,
  place: RedoPlace,
  count: number,
): Promise<Changes | null> {
  const ids = Array.from({ length: count }, (_, chunk) =>
    chunkId(place.generation, place.epoch, place.batch, chunk),
  );
  const found = await connection.run(() =>
    chunks(connection.db)
      .find({ _id: { $in: ids } })
      .toArray(),
  );
  const byId = new Map(found.map(({ _id, bytes }) => [_id, bytes]));
  const parts: Uint8Array[] = [];
  for (const id of ids) {
    const bytes = byId.get(id);
    if (!(bytes instanceof Binary)) return null;
    parts.push(bytes.value());
  }
  return JSON.parse(Buffer.concat(parts).toString()) as Changes;
}

export async function dropRedo(connection: Connection, generation: number): Promise<void> {
  const ids = { $gte: firstChunkId(generation), $lt: firstChunkId(generation + 1) };
  await connection.run(() => chunks(connection.db).deleteMany({ _id: ids }));
}

/** The pointer: one document that says which collections are served. Every change is a compare-and-set on its revision. */
import { randomUUID } from 'node:crypto';
import { ReadModelFencedError } from '../../../app/ports.ts';
import type { Connection } from './connection.ts';
import { isDuplicateKey } from './errors.ts';
import { POINTER_ID, type PointerDocument, pointers, type ServedGeneration } from './schema.ts';

export type Served = readonly ServedGeneration[];

/** Races lost in a row before giving up: more than there can be processes that begin at the same moment. */
const ATTEMPTS = 50;

export const readPointer = (connection: Connection): Promise<PointerDocument | null> =>
  connection.run(() => pointers(connection.db).findOne({ _id: POINTER_ID }));

/** Takes a number that nobody else has, larger than all before: for an epoch or a generation. */
export const takeNumber = (connection: Connection): Promise<PointerDocument> =>
  changePointer(connection, (served) => served);

/**
 * Changes what is served, at once for all readers.
 * @throws what `change` throws, when what is served does not let it.
 */
export async function changePointer(
  connection: Connection,
  change: (served: Served) => Served,
): Promise<PointerDocument> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await readPointer(connection);
    const next: PointerDocument = {
      _id: POINTER_ID,
      // Begins with the time, so that numbers that were used before the database was emptied are not used again.
      revision: before === null ? Date.now() : before.revision + 1,
      token: randomUUID(),
      served: change(before?.served ?? []),
    };
    if (await replace(connection, before, next)) return next;
  }
  throw new ReadModelFencedError(
    'other projectors change what MongoDB serves all the time: is there a second one?',
  );
}

async function replace(
  connection: Connection,
  before: PointerDocument | null,
  next: PointerDocument,
): Promise<boolean> {
  const filter = { _id: POINTER_ID, revision: before?.revision ?? 0 };
  const { _id, ...replacement } = next;
  const won = await connection
    .run(() => pointers(connection.db).replaceOne(filter, replacement, { upsert: before === null }))
    .then(
      ({ matchedCount, upsertedCount }) => matchedCount + upsertedCount === 1,
      (error: unknown) => {
        if (isDuplicateKey(error)) return false;
        throw error;
      },
    );
  if (won) return true;
  // An attempt whose answer was lost has won; then this one found its own work.
  return (await readPointer(connection))?.token === next.token;
}

/** Cursors of paged queries: the sort value and id of the last document of a page, opaque to callers. */

export type IndexValue = string | number;
export interface PageCursor {
  readonly value: IndexValue;
  readonly id: string;
}

/** A cursor that this adapter did not make. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
  readonly code = 'invalid-cursor';
}

/** How a field stands in an index: missing and null as the empty text, booleans as 0 and 1. */
export function indexValue(value: unknown): IndexValue {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined || value === null) return '';
  throw new TypeError('an indexed field must be text, a number, a boolean or null');
}

export const writeCursor = (cursor: PageCursor): string =>
  Buffer.from(JSON.stringify([cursor.value, cursor.id])).toString('base64url');

/** @throws CursorError */
export function readCursor(text: string): PageCursor {
  try {
    const [value, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if ((typeof value === 'string' || typeof value === 'number') && typeof id === 'string')
      return { value, id };
  } catch {
    // Not JSON: refused below, like anything else that is not ours.
  }
  throw new CursorError('the cursor is not one that this server gave');
}

/** @throws RangeError for a limit outside 1..1000. */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new RangeError('limit must be 1..1000');
}

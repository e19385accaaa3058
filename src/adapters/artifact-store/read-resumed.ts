/** Reads a blob over the network and goes on where a connection broke. */
import type { Readable } from 'node:stream';
import { BlobStoreError } from './blob-store-error.ts';
import type { ObjectStorage } from './object-storage.ts';

/** Connections in a row that break without a byte. */
const MAX_BREAKS = 3;
const IDLE_MS = 30_000;

/**
 * Bytes `start..end` (inclusive), or all. Stopping early closes the connection.
 * @throws BlobStoreError `missing` when there is no such blob, `failed` when it ends before `range.end`.
 */
export async function* readResumed(
  storage: Pick<ObjectStorage, 'open'>,
  sha256: string,
  range: { readonly start: number; readonly end: number } | undefined,
): AsyncGenerator<Uint8Array> {
  let at = range?.start ?? 0;
  if (range !== undefined && range.end < at) return;
  for (let breaks = 0; ; ) {
    const { body, bytes } = await storage.open(sha256, at, range?.end);
    const end = at + bytes;
    if (range !== undefined && end <= range.end) {
      body.destroy();
      throw new BlobStoreError('failed', `the blob ${sha256} ends before byte ${range.end}`);
    }
    try {
      for await (const piece of pieces(body)) {
        at += piece.length;
        breaks = 0;
        yield piece;
      }
      if (at === end) return;
      throw new Error(`the connection ended ${end - at} bytes early`);
    } catch (error) {
      if (at === end) return;
      breaks++;
      if (breaks === MAX_BREAKS) {
        const said = error instanceof Error ? error.message : String(error);
        throw new BlobStoreError('unreachable', `reading ${sha256} broke off at byte ${at}: ${said}`, {
          cause: error,
        });
      }
    }
  }
}

/** A store that falls silent is given up; a slow consumer may take its time, the clock stands while it does. */
async function* pieces(body: Readable): AsyncGenerator<Uint8Array> {
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const timer = setTimeout(() => body.destroy(new Error(`nothing came for ${IDLE_MS} ms`)), IDLE_MS);
      const next = await source.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    body.destroy();
  }
}

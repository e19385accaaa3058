/** Ids of events and plans: UUID version 7 (RFC 9562 §5.7), so that they sort roughly by time. */
import { randomFillSync } from 'node:crypto';

/** Random bytes are drawn many at a time: one draw per id costs more than everything else of an import. */
const POOL_BYTES = 16_384;
const RANDOM_BYTES = 10;

/** Makes ids with 48 bits of the given clock (milliseconds since 1970) and 74 random bits. */
export function createIdSource(now: () => number): () => string {
  const pool = Buffer.alloc(POOL_BYTES);
  const id = Buffer.alloc(16);
  let at = POOL_BYTES;
  return () => {
    if (at + RANDOM_BYTES > POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    id.writeUIntBE(now(), 0, 6);
    pool.copy(id, 6, at, at + RANDOM_BYTES);
    at += RANDOM_BYTES;
    id[6] = 0x70 | ((id[6] ?? 0) & 0x0f);
    id[8] = 0x80 | ((id[8] ?? 0) & 0x3f);
    const hex = id.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

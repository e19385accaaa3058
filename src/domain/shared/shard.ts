/** Number of shards of a deployment (DESIGN §3): fixed at first start, equal to the Kafka partition count. */
export const SHARD_COUNT = 64;

/**
 * Kafka's murmur2 (seed 0x9747b28c) over the UTF-8 bytes of a key, as the Java client's default
 * partitioner uses it. Vehicle ids are ASCII, so one character is one byte.
 */
export function murmur2(key: string): number {
  const length = key.length;
  const m = 0x5bd1e995;
  let h = (0x9747b28c ^ length) | 0;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = i << 2;
    let k =
      (key.charCodeAt(at) & 0xff) |
      ((key.charCodeAt(at + 1) & 0xff) << 8) |
      ((key.charCodeAt(at + 2) & 0xff) << 16) |
      ((key.charCodeAt(at + 3) & 0xff) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    k = Math.imul(k, m);
    h = Math.imul(h, m) ^ k;
  }
  const tail = words << 2;
  const rest = length & 3;
  if (rest === 3) h ^= (key.charCodeAt(tail + 2) & 0xff) << 16;
  if (rest >= 2) h ^= (key.charCodeAt(tail + 1) & 0xff) << 8;
  if (rest >= 1) {
    h ^= key.charCodeAt(tail) & 0xff;
    h = Math.imul(h, m);
  }
  h ^= h >>> 13;
  h = Math.imul(h, m);
  h ^= h >>> 15;
  return h;
}

/** The shard, and Kafka partition, of a vehicle: `toPositive(murmur2(id)) mod S`. */
export const shardOf = (vehicleId: string, shards: number = SHARD_COUNT): number =>
  (murmur2(vehicleId) & 0x7fffffff) % shards;

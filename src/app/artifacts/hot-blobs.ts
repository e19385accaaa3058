/**
 * Small blobs that vehicles ask for again and again, in memory: a fleet downloads the same few files. Blobs never
 * change, so what is kept can't be stale. Checks of what is stored go past this, to the store itself.
 */
import type { BlobStore } from '../ports/artifact-store.ts';

/** Larger ones are read from the store each time. */
const MAX_BLOB_BYTES = 4 * 1024 * 1024;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const MAX_SIZES = 4096;

type Blobs = Pick<BlobStore, 'size' | 'read'>;

/** Bytes given out are shared: they must not be written to. */
export class HotBlobs implements Blobs {
  readonly #blobs: Blobs;
  readonly #sizes = new Map<string, number>();
  /** The one used longest ago comes first. */
  readonly #kept = new Map<string, Buffer>();
  /** Reads under way: many vehicles ask at once. */
  readonly #loading = new Map<string, Promise<Buffer>>();
  #bytes = 0;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  async size(sha256: string): Promise<number | null> {
    const known = this.#sizes.get(sha256);
    if (known !== undefined) return known;
    const size = await this.#blobs.size(sha256);
    if (size === null) return null;
    if (this.#sizes.size >= MAX_SIZES) this.#sizes.clear();
    this.#sizes.set(sha256, size);
    return size;
  }

  async *read(
    sha256: string,
    range?: { readonly start: number; readonly end: number },
  ): AsyncGenerator<Uint8Array> {
    const size = await this.size(sha256);
    if (size === null || size > MAX_BLOB_BYTES) {
      yield* this.#blobs.read(sha256, range);
      return;
    }
    const bytes = await this.#whole(sha256);
    const { start, end } = range ?? { start: 0, end: bytes.length - 1 };
    if (end >= bytes.length) throw new Error(`the content ${sha256} ends before byte ${end}`);
    yield bytes.subarray(start, end + 1);
  }

  #whole(sha256: string): Promise<Buffer> {
    const kept = this.#kept.get(sha256);
    if (kept !== undefined) {
      this.#kept.delete(sha256);
      this.#kept.set(sha256, kept);
      return Promise.resolve(kept);
    }
    let loading = this.#loading.get(sha256);
    if (loading === undefined) {
      loading = this.#load(sha256).finally(() => this.#loading.delete(sha256));
      this.#loading.set(sha256, loading);
    }
    return loading;
  }

  async #load(sha256: string): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#blobs.read(sha256)) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    this.#kept.set(sha256, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, blob] of this.#kept) {
      if (this.#bytes <= MAX_KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#bytes -= blob.length;
    }
    return bytes;
  }
}

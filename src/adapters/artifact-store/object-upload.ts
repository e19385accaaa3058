/** One upload into an object store: parts of a fixed size, a few of them on their way at a time. */
import type { BlobStore } from '../../app/ports/artifact-store.ts';
import { BlobStoreError } from './blob-store-error.ts';
import type { Limiter } from './limiter.ts';
import { checkName, type ObjectStorage, type Parts } from './object-storage.ts';

export type Upload = Awaited<ReturnType<BlobStore['begin']>>;

export interface UploadDeps {
  readonly storage: ObjectStorage;
  /** Shared by all uploads of a store: each place is a part in memory. */
  readonly limiter: Limiter;
  /** The upload has ended: with a blob of so many bytes, or (null) with none. */
  readonly onEnd: (bytes: number | null) => void;
  /** Something was left behind that `sweep` will find. */
  readonly onLeftover: (error: unknown) => void;
}

/** How long an ended upload waits for its parts on their way before it breaks them off. */
const PATIENCE_MS = 5000;

/** Holds one part in memory, beside those that are being sent. */
export class ObjectUpload implements Upload {
  readonly #deps: UploadDeps;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #open = true;
  #buffer: Buffer | null = null;
  #filled = 0;
  #size = 0;
  #sent = 0;
  #parts: Parts | null = null;
  #failure: unknown = null;

  constructor(deps: UploadDeps) {
    this.#deps = deps;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#mustBeOpen();
    const { partBytes } = this.#deps.storage;
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === partBytes) await this.#sendPart();
      // Not from the pool: the memory is touched only as far as it is filled.
      this.#buffer ??= Buffer.allocUnsafeSlow(partBytes);
      const taken = Math.min(partBytes - this.#filled, chunk.length - at);
      this.#buffer.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
    }
    this.#size += chunk.length;
  }

  async commit(sha256: string): Promise<void> {
    this.#mustBeOpen();
    try {
      checkName(sha256);
      await this.#publish(sha256);
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#open = false;
    await this.#discard();
    this.#deps.onEnd(this.#size);
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#discard();
    this.#deps.onEnd(null);
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new Error('this upload was committed or aborted before');
    if (this.#failure !== null) throw this.#failure;
  }

  async #publish(sha256: string): Promise<void> {
    const { storage } = this.#deps;
    // Asked first, because a store that refuses a large body may do so by cutting the connection.
    if (await this.#isThere(sha256)) return;
    try {
      if (this.#parts === null) {
        await storage.put(sha256, this.#buffer?.subarray(0, this.#filled) ?? new Uint8Array());
      } else {
        await this.#sendPart();
        await Promise.all(this.#sending);
        if (this.#failure !== null) throw this.#failure;
        await this.#parts.publish(sha256, this.#size);
      }
    } catch (error) {
      // The answer was lost, or the same bytes were committed beside us: what counts is that they are there.
      if (!(await this.#isThere(sha256).catch(() => false))) throw error;
    }
  }

  /** @throws BlobStoreError when something else is there, which no upload of ours has put there. */
  async #isThere(sha256: string): Promise<boolean> {
    const size = await this.#deps.storage.size(sha256);
    if (size === null || size === this.#size) return size !== null;
    throw new BlobStoreError('failed', `${sha256} is there with ${size} bytes instead of ${this.#size}`);
  }

  /** Resolves when the part is on its way, which may wait for others to arrive. */
  async #sendPart(): Promise<void> {
    const { storage, limiter } = this.#deps;
    if (this.#buffer === null) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    const number = ++this.#sent;
    if (number > storage.maxParts)
      throw new BlobStoreError('failed', `a blob may have ${storage.maxParts * storage.partBytes} bytes`);
    this.#buffer = null;
    this.#filled = 0;
    const leave = await limiter.enter();
    try {
      this.#mustBeOpen();
      this.#parts ??= await storage.begin();
    } catch (error) {
      leave();
      throw error;
    }
    const sent = this.#parts
      .send(number, bytes, this.#stop.signal)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        leave();
        this.#sending.delete(sent);
      });
    this.#sending.add(sent);
  }

  async #discard(): Promise<void> {
    this.#buffer = null;
    // A part that the store takes in after the upload was removed would bring a piece of it back, and one that we break
    // off may be taken in: so they may arrive first.
    const arrived = Promise.all(this.#sending);
    const patience = setTimeout(() => this.#stop.abort(), PATIENCE_MS);
    await arrived.finally(() => clearTimeout(patience));
    try {
      await this.#parts?.discard();
    } catch (error) {
      this.#deps.onLeftover(error);
    }
  }
}

/** One file on its way: from its digest to the artifact, whatever happens to connection and server in between. */
import { ProblemError } from '../lib/api.ts';
import { digestOf } from './digest.ts';
import { begin, discard, type Place, send } from './tus.ts';

export type Stage = 'queued' | 'hashing' | 'sending' | 'storing' | 'away' | 'paused' | 'stored' | 'failed';

export interface TaskState {
  readonly stage: Stage;
  /** Bytes hashed, or sent. */
  readonly done: number;
  /** Where it went on with what had come before this page took it up; 0 when it began anew. */
  readonly resumedAt: number;
  /** Bytes per second of late; null before that is known. */
  readonly rate: number | null;
  /** Why it stands in `failed`, or waits in `away`. */
  readonly error: unknown;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const RATE_OVER_MS = 8000;
/** As the server takes them (`fileName` in its schemas): told before a large file is read for nothing. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Answers after which asking where it stands, and going on there, is what helps. */
const GO_ON = new Set([
  'offset-mismatch',
  'upload-incomplete',
  'upload-not-found',
  'upload-expired',
  'rate-limited',
]);

const helpsToGoOn = (error: unknown): boolean =>
  error instanceof ProblemError && (error.status === 0 || error.status >= 500 || GO_ON.has(error.code));

export class UploadTask {
  readonly artifactId: string;
  readonly file: File;
  readonly #changed: () => void;
  #state: TaskState = { stage: 'queued', done: 0, resumedAt: 0, rate: null, error: null };
  #stop = new AbortController();
  #digest: string | null = null;
  #place: Place | null = null;
  /** When how much had been sent. */
  #samples: { readonly at: number; readonly done: number }[] = [];

  constructor(artifactId: string, file: File, changed: () => void) {
    this.artifactId = artifactId;
    this.file = file;
    this.#changed = changed;
  }

  get state(): TaskState {
    return this.#state;
  }
  /** Address of the upload once it was begun. */
  get url(): string | null {
    return this.#place?.url ?? null;
  }

  /** Resolves when it is stored, has failed for good, or was paused. */
  async run(): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    try {
      if (!NAME.test(this.file.name)) throw badName(this.file.name);
      this.#digest ??= await this.#hash(signal);
      await this.#deliver(this.#digest, signal);
      this.#tell({ stage: 'stored', done: this.file.size, error: null });
    } catch (error) {
      if (signal.aborted) this.#tell({ stage: 'paused', rate: null });
      else this.#tell({ stage: 'failed', error: readable(error), rate: null });
    }
  }

  pause(): void {
    this.#stop.abort();
    if (this.#state.stage === 'queued') this.#tell({ stage: 'paused' });
  }
  /** To be run again. */
  queue(): void {
    this.#tell({ stage: 'queued', error: null });
  }

  /** Ends it, and removes what the server has of it. */
  async cancel(): Promise<void> {
    this.#stop.abort();
    if (this.#place !== null && this.#state.stage !== 'stored') await discard(this.#place.url);
  }

  #hash(signal: AbortSignal): Promise<string> {
    this.#tell({ stage: 'hashing', done: 0 });
    return digestOf(this.file, (done) => this.#tell({ done }), signal);
  }

  /** Tries for as long as trying may help. */
  async #deliver(digest: string, signal: AbortSignal): Promise<void> {
    for (let wait_ms = FIRST_WAIT_MS; ; wait_ms = Math.min(LONGEST_WAIT_MS, wait_ms * 2)) {
      const before = this.#place?.offset ?? 0;
      try {
        return await this.#goOn(digest, signal);
      } catch (error) {
        if (signal.aborted || !helpsToGoOn(error)) throw error;
        // A file that was changed on the disk fails as a connection does; reading it tells them apart.
        await this.file.slice(0, 1).arrayBuffer();
        if ((this.#place?.offset ?? 0) > before) wait_ms = FIRST_WAIT_MS;
        // What was on its way and is not durable has to be sent again.
        this.#tell({ stage: 'away', done: this.#place?.offset ?? 0, error, rate: null });
        await pause(wait_ms, signal);
      }
    }
  }

  async #goOn(digest: string, signal: AbortSignal): Promise<void> {
    const first = this.#place === null;
    let place = await begin(this.artifactId, this.file, digest, signal);
    this.#place = place;
    this.#samples = [];
    this.#tell({
      stage: 'sending',
      done: place.offset,
      error: null,
      ...(first && { resumedAt: place.offset }),
    });
    while (place.offset < this.file.size) {
      const offset = await send(place, this.file, (sent) => this.#sent(sent), signal);
      place = { url: place.url, offset };
      this.#place = place;
    }
  }

  #sent(done: number): void {
    const now = performance.now();
    this.#samples = [...this.#samples.filter(({ at }) => now - at < RATE_OVER_MS), { at: now, done }];
    const [oldest] = this.#samples;
    const over_ms = oldest === undefined ? 0 : now - oldest.at;
    const rate =
      oldest === undefined || over_ms < 1000 ? this.#state.rate : ((done - oldest.done) / over_ms) * 1000;
    this.#tell({ stage: done === this.file.size ? 'storing' : 'sending', done, rate });
  }

  #tell(change: Partial<TaskState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }
}

const badName = (name: string): ProblemError =>
  new ProblemError(0, {
    detail: `${name} is no name that a file of an artifact can have.`,
    hint: 'Name it with letters, digits, . _ and - (at most 128), and choose it again.',
  });

/** Browsers say of a file that was changed or taken away while it was read only that it can't be read. */
const readable = (error: unknown): unknown =>
  error instanceof DOMException
    ? new ProblemError(0, {
        detail: `The file can not be read (${error.name}).`,
        hint: 'It may have been changed or moved: choose it again.',
      })
    : error;

/** At once when the browser says that there is a network again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}

/**
 * Compares two logs append by append in the global order. An append's hash covers its stream's name, revision,
 * metadata and events and, through the chain, all appends before it in the stream: where every append agrees, so do
 * the last revision and the digest of every stream, and nothing has to be kept per stream. That the hashes belong to
 * the bytes is for each log to prove (`verify`).
 */
import { createHash, type Hash } from 'node:crypto';
import type { EventStore, Position, StoredAppend } from '../ports.ts';

export type Appends = Pick<EventStore, 'appends'>;
type Side = 'source' | 'target';

export interface Tally {
  readonly streams: number;
  readonly appends: number;
  readonly events: number;
  /** SHA-256 over the hashes of all appends in their order: one line that tells two logs apart. */
  readonly digest: string;
}

export interface Difference {
  readonly kind: 'missing' | 'unexpected' | 'altered' | 'order';
  readonly stream: string;
  /** Of the first event of the append. */
  readonly revision: number;
}

export interface Comparison {
  readonly source: Tally;
  readonly target: Tally;
  /** The first of them. */
  readonly differences: readonly Difference[];
  /** How many there are, as far as was looked. */
  readonly found: number;
  /** False when the logs went apart so far that the end was not read. */
  readonly complete: boolean;
}

export interface CompareOptions {
  /** The source may have grown since: appends behind this position are left out. */
  readonly until: Position;
  readonly onProgress?: (position: Position, appends: number) => void;
  /** Appends that wait for their counterpart before the comparison gives up; default 10,000. */
  readonly window?: number;
}

const LISTED = 50;
const WINDOW = 10_000;

export const agrees = ({ found, complete }: Comparison): boolean => found === 0 && complete;

/** Whether it is the same append: the hash covers what it holds and all before it in its stream. */
export const isSame = (a: StoredAppend, b: StoredAppend): boolean =>
  a.hash === b.hash && a.stream === b.stream && a.firstRevision === b.firstRevision;

export async function compareLogs(
  source: Appends,
  target: Appends,
  { until, onProgress = () => {}, window = WINDOW }: CompareOptions,
): Promise<Comparison> {
  const [left, right] = [new Counter(), new Counter()];
  const matcher = new Matcher();
  await using sourceAppends = eachOf(source.appends(), until);
  await using targetAppends = eachOf(target.appends());
  let complete = true;
  for (;;) {
    const [one, other] = [await sourceAppends.next(), await targetAppends.next()];
    if (one === null && other === null) break;
    if (one !== null) left.add(one);
    if (other !== null) right.add(other);
    if (one !== null) onProgress(one.position, left.appends);
    if (one !== null && other !== null && matcher.idle && isSame(one, other)) continue;
    if (one !== null) matcher.take('source', one, left.appends);
    if (other !== null) matcher.take('target', other, right.appends);
    if (matcher.waiting <= window) continue;
    complete = false;
    break;
  }
  matcher.finish();
  const { differences, found } = matcher;
  return { source: left.tally(), target: right.tally(), differences, found, complete };
}

class Counter {
  readonly #digest: Hash = createHash('sha256');
  #streams = 0;
  appends = 0;
  #events = 0;

  add({ firstRevision, events, hash }: StoredAppend): void {
    if (firstRevision === 0) this.#streams += 1;
    this.appends += 1;
    this.#events += events.length;
    this.#digest.update(hash, 'hex');
  }

  tally(): Tally {
    return {
      streams: this.#streams,
      appends: this.appends,
      events: this.#events,
      digest: this.#digest.copy().digest('hex'),
    };
  }
}

interface Waiting {
  readonly side: Side;
  readonly append: Pick<StoredAppend, 'stream' | 'firstRevision' | 'hash'>;
  /** How many appends of its side came up to it. */
  readonly at: number;
}

/** Finds for appends that do not come in step their counterparts on the other side. */
class Matcher {
  readonly #waiting = new Map<string, Waiting>();
  readonly #last: Record<Side, number> = { source: 0, target: 0 };
  readonly differences: Difference[] = [];
  found = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  take(side: Side, { stream, firstRevision, hash }: StoredAppend, at: number): void {
    const key = `${firstRevision} ${stream}`;
    const append = { stream, firstRevision, hash };
    const met = this.#waiting.get(key);
    if (met === undefined || met.side === side) {
      this.#waiting.set(key, { side, append, at });
      return;
    }
    this.#waiting.delete(key);
    if (met.append.hash !== hash) this.#report('altered', append);
    const ats = side === 'source' ? { source: at, target: met.at } : { source: met.at, target: at };
    if (ats.source < this.#last.source || ats.target < this.#last.target) this.#report('order', append);
    this.#last.source = Math.max(this.#last.source, ats.source);
    this.#last.target = Math.max(this.#last.target, ats.target);
  }

  /** What still waits has no counterpart. */
  finish(): void {
    for (const { side, append } of this.#waiting.values())
      this.#report(side === 'source' ? 'missing' : 'unexpected', append);
  }

  #report(kind: Difference['kind'], { stream, firstRevision }: Waiting['append']): void {
    this.found += 1;
    if (this.differences.length < LISTED) this.differences.push({ kind, stream, revision: firstRevision });
  }
}

export interface Each extends AsyncDisposable {
  /** Whether the next one is in memory already: batches are bounded in bytes, so what is taken while it is, is too. */
  readonly ready: boolean;
  /** Null at the end. */
  next(): Promise<StoredAppend | null>;
}

/** One append at a time, of those up to a position; null from the end on. */
export function eachOf(batches: AsyncIterable<readonly StoredAppend[]>, until?: Position): Each {
  const iterator = batches[Symbol.asyncIterator]();
  let batch: readonly StoredAppend[] = [];
  let at = 0;
  let ended = false;
  return {
    get ready() {
      return at < batch.length;
    },
    async next() {
      while (at === batch.length && !ended) {
        const step = await iterator.next();
        ended = step.done === true;
        batch = step.done === true ? [] : step.value;
        at = 0;
      }
      const append = batch[at];
      if (append === undefined || (until !== undefined && append.position > until)) {
        [ended, batch, at] = [true, [], 0];
        return null;
      }
      at += 1;
      return append;
    },
    async [Symbol.asyncDispose]() {
      await iterator.return?.(undefined);
    },
  };
}

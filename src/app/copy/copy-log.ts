/**
 * Copies a log append by append in its global order, each append as it is, so that streams, boundaries and hash
 * chains come out equal. What the target holds tells where to go on: it must be a beginning of the source, which is
 * looked at append by append, so that a copy can be stopped anywhere and a target of another history is refused.
 */
import type { AppendRequest, EventStore, Position, StoredAppend } from '../ports.ts';
import { type Each, eachOf, isSame } from './compare-logs.ts';

export interface CopyDeps {
  readonly source: Pick<EventStore, 'appends' | 'head'>;
  readonly target: Pick<EventStore, 'appends' | 'append'>;
  /**
   * Appends that are handed to the target together. More than one only for a store that takes those of a call in
   * their order, all or none; else an append whose answer fails could be overtaken.
   */
  readonly perCall: number;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyProgress {
  /** Of the source, up to which the target agrees with it. */
  readonly position: Position;
  /** Appends that the target held already. */
  readonly held: number;
  /** Appends written by this run. */
  readonly copied: number;
}

/** Why a copy can't go on; the message says what to do. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
  readonly code: 'other-history' | 'target-changed' | 'too-large';

  constructor(code: CopyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Copies what the source holds when it begins.
 * @returns with the source's position up to which the two logs agree.
 * @throws CopyError 'other-history' before anything is written when the target is not a beginning of the source;
 *   'target-changed' when somebody else writes into it; 'too-large' for an append that the target can't hold.
 */
export async function copyLog({ source, target, perCall, onProgress }: CopyDeps): Promise<CopyProgress> {
  const until = await source.head();
  const tell = onProgress ?? (() => {});
  await using appends = eachOf(source.appends(), until);
  const held = await skipHeld(appends, target, (position, count) =>
    tell({ position, held: count, copied: 0 }),
  );
  let progress: CopyProgress = { position: held.position, held: held.count, copied: 0 };
  for (
    let batch = await upTo(perCall, appends, held.next);
    batch.length > 0;
    batch = await upTo(perCall, appends)
  ) {
    await write(target, batch);
    progress = {
      position: batch.at(-1)?.position ?? progress.position,
      held: held.count,
      copied: progress.copied + batch.length,
    };
    tell(progress);
  }
  return { ...progress, position: until };
}

interface Held {
  readonly count: number;
  readonly position: Position;
  /** The first append of the source that the target does not hold; null when there is none. */
  readonly next: StoredAppend | null;
}

async function skipHeld(
  appends: Each,
  target: CopyDeps['target'],
  tell: (position: Position, count: number) => void,
): Promise<Held> {
  await using there = eachOf(target.appends());
  let count = 0;
  let position: Position = '';
  for (;;) {
    const [mine, theirs] = [await appends.next(), await there.next()];
    if (theirs === null) return { count, position, next: mine };
    if (mine === null || !isSame(mine, theirs)) throw otherHistory(count, mine, theirs);
    count += 1;
    position = mine.position;
    tell(position, count);
  }
}

const nameOf = ({ stream, firstRevision }: StoredAppend): string => `${stream} at revision ${firstRevision}`;

function otherHistory(count: number, mine: StoredAppend | null, theirs: StoredAppend): CopyError {
  const why =
    mine === null
      ? `the target goes on with ${nameOf(theirs)} where the source ends`
      : `the target holds ${nameOf(theirs)} where the source has ${nameOf(mine)}${
          nameOf(mine) === nameOf(theirs) ? ' with other content' : ''
        }`;
  return new CopyError(
    'other-history',
    `The target is not a beginning of the source: after ${count} equal appends, ${why}. Nothing was written. Copy into an empty log, or into one that an earlier copy of this source has begun.`,
  );
}

/** What is in memory of the source already, up to a limit: a call stays as small as a step of reading. */
async function upTo(
  limit: number,
  appends: Each,
  first: StoredAppend | null = null,
): Promise<StoredAppend[]> {
  const batch = first === null ? [] : [first];
  while (batch.length < limit && (batch.length === 0 || appends.ready)) {
    const next = await appends.next();
    if (next === null) break;
    batch.push(next);
  }
  return batch;
}

async function write(target: CopyDeps['target'], batch: readonly StoredAppend[]): Promise<void> {
  const requests = batch.map(
    ({ stream, firstRevision, events, metadata }): AppendRequest => ({
      stream,
      expectedRevision: firstRevision - 1,
      events,
      metadata,
    }),
  );
  const results = await target.append(requests);
  for (const [n, result] of results.entries()) {
    const append = batch[n];
    if (append === undefined || result.status === 'appended') continue;
    throw result.status === 'conflict'
      ? new CopyError(
          'target-changed',
          `${append.stream} is at revision ${result.actualRevision} in the target, not at ${append.firstRevision - 1}: something else writes there. Stop it, and copy into an empty log.`,
        )
      : new CopyError(
          'too-large',
          `The append to ${nameOf(append)} has ${result.bytes} bytes in the target, which takes ${result.limit}: this log can't be copied there.`,
        );
  }
}

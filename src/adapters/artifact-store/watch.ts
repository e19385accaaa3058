/** Whether a store answers: logged when that changes, counted when it does not. */
import type { Log } from '../../app/ports/log.ts';
import type { BlobStoreError } from './blob-store-error.ts';

export interface Watch {
  /** Takes what a call has thrown, after its retries. */
  failed(error: BlobStoreError): void;
  succeeded(): void;
  /** By the newest call. */
  reachable(): boolean;
  /** Calls that ended without an answer, or with a fault. */
  failures(): number;
}

/** Part of how a store is used: to ask for what is not there, and to be told what is there already. */
const USUAL = new Set(['missing', 'exists', 'busy']);

export function createWatch(log: Log): Watch {
  let reachable = true;
  let failures = 0;
  const succeeded = (): void => {
    if (!reachable) log('info', 'the artifact store answers again');
    reachable = true;
  };
  return {
    failed(error) {
      if (!USUAL.has(error.code)) failures++;
      // Any other answer is an answer.
      if (error.code !== 'unreachable') return succeeded();
      if (reachable) log('warn', `the artifact store can't be reached: ${error.message}`, { error });
      reachable = false;
    },
    succeeded,
    reachable: () => reachable,
    failures: () => failures,
  };
}

export const silentWatch = (): Watch => createWatch(() => undefined);

/**
 * Runs a call of a client and tells the watch how it ended, unless we ended it ourselves by `stop`.
 * @throws BlobStoreError as `explain` makes it.
 */
export async function watched<T>(
  watch: Watch,
  explain: (error: unknown) => BlobStoreError,
  call: () => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  try {
    const result = await call();
    watch.succeeded();
    return result;
  } catch (error) {
    const explained = explain(error);
    if (stop?.aborted !== true) watch.failed(explained);
    throw explained;
  }
}

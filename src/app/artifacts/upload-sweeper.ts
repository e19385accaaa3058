/** Removes uploads that have expired: at a start, for what a crash has left, and from time to time. */
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ResumableUploads } from './resumable-uploads.ts';

const EVERY_MS = 10 * 60_000;

/**
 * Every process may do it: what another one has removed is no error. Stopping does not wait for the sweep that is under
 * way: it may end anywhere, and a store that is away is given up after minutes only.
 */
export function startUploadSweeper(deps: {
  readonly uploads: Pick<ResumableUploads, 'sweep'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Default ten minutes. */
  readonly every_ms?: number;
}): { stop(): void } {
  const { uploads, clock, log, every_ms = EVERY_MS } = deps;
  const stopping = new AbortController();
  const sweep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const swept = await uploads.sweep();
        if (swept > 0) log('info', 'uploads that had expired were removed', { swept });
      } catch (error) {
        // They are refused all the same, and looked for again.
        if (!stopping.signal.aborted)
          log('warn', 'uploads that have expired could not be removed', { error });
      }
      await clock.sleep(every_ms, stopping.signal);
    }
  };
  void sweep();
  return { stop: () => stopping.abort() };
}

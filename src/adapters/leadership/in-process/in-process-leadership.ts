/** Where there is only one process: it always leads. */
import type { Candidate, Clock, Leadership } from '../../../app/ports.ts';

/** Before a task that ended or failed by itself is begun again, milliseconds. */
const RETRY_MS = 5000;

export interface InProcessLeadershipOptions {
  /** Default 5,000. */
  readonly retry_ms?: number;
}

export function createInProcessLeadership(
  clock: Pick<Clock, 'sleep'>,
  { retry_ms = RETRY_MS }: InProcessLeadershipOptions = {},
): Leadership {
  const candidates = new Set<Candidate>();
  return {
    compete(_task, lead) {
      const stopping = new AbortController();
      let leading = false;
      const turns = async (): Promise<void> => {
        // Whoever competes has its candidate before its turn begins.
        await Promise.resolve();
        while (!stopping.signal.aborted) {
          leading = true;
          await lead(stopping.signal).catch(() => undefined);
          leading = false;
          await clock.sleep(retry_ms, stopping.signal);
        }
      };
      const ended = turns();
      const candidate: Candidate = {
        state: () => (leading ? 'leading' : 'waiting'),
        async stop() {
          stopping.abort();
          await ended;
          candidates.delete(candidate);
        },
      };
      candidates.add(candidate);
      return candidate;
    },
    async close() {
      await Promise.all([...candidates].map((candidate) => candidate.stop()));
    },
  };
}

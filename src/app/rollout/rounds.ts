/** The rounds of a worker, and its pulse beside them. */
import type { Clock } from '../ports.ts';
import type { Pulse } from './pulse.ts';

const BEAT_MS = 1000;

/** Resolves when the signal is aborted and the last round is over. */
export async function runRounds(
  clock: Clock,
  pulse: Pulse,
  tick_ms: number,
  round: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await round();
      await clock.sleep(tick_ms, signal);
    }
  };
  /** Beside the rounds, which may be long. */
  const beat = async (): Promise<void> => {
    while (!signal.aborted) {
      pulse.beat(clock.now());
      await clock.sleep(BEAT_MS, signal);
    }
  };
  await Promise.all([run(), beat()]);
}

/** Work in small steps, so that everything else that the process has to do gets its turn in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long it works at a stretch, milliseconds. */
const TURN_MS = 5;

/**
 * Runs it to its end, and lets everything else have its turn every TURN_MS.
 * @param signal ends it: nobody waits for it any more.
 * @throws AbortError
 */
export async function inTurns<T>(steps: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (let began = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - began < TURN_MS) continue;
    await nextTurn();
    signal?.throwIfAborted();
    began = performance.now();
  }
}

/** To the end at once. */
export function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** At most so many at once; the rest wait in the order in which they came. */
export interface Semaphore {
  /** Waits for a place; call what it gives back when done. @throws AbortError when aborted while waiting. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createSemaphore(places: number): Semaphore {
  let free = places;
  const waiting = new Set<() => void>();
  const leave = (): void => {
    const next = waiting.values().next().value;
    if (next === undefined) {
      free++;
      return;
    }
    waiting.delete(next);
    next();
  };
  const once = (): (() => void) => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free--;
        return once();
      }
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        const giveUp = (): void => {
          waiting.delete(go);
          reject(signal.reason as Error);
        };
        waiting.add(go);
        signal.addEventListener('abort', giveUp, { once: true });
      });
      return once();
    },
  };
}

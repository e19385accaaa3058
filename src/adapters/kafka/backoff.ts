/** Pauses between attempts that keep failing: longer each time, never the same for two processes. */
export interface Backoff {
  /** The next pause, milliseconds. */
  next(): number;
  /** It worked: the next failure begins from the shortest pause again. */
  reset(): void;
}

export function createBackoff(first_ms: number, longest_ms: number): Backoff {
  let pause_ms = first_ms;
  return {
    next() {
      const now_ms = pause_ms * (0.75 + Math.random() / 2);
      pause_ms = Math.min(longest_ms, pause_ms * 2);
      return now_ms;
    },
    reset() {
      pause_ms = first_ms;
    },
  };
}

/** Resolves after that long, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** Waits for work that can't be cancelled, no longer than that: a client that hangs must not keep us from stopping. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const ended = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([ended, pause(ms, late.signal)]);
  late.abort();
}

const ATTEMPTS = 20;
const PAUSE_MS = 250;

/** A question that brokers can't answer for a moment, while leaders and coordinators move: asked again for 5 s. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || (error as { retriable?: boolean }).retriable !== true) throw error;
      await pause(PAUSE_MS);
    }
  }
}

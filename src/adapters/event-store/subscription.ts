/** Catch-up subscription that turns live without a gap, on top of any log that can be read and that tells of growth. */
import type {
  EventBatch,
  Position,
  ReadAllOptions,
  SubscribeOptions,
  Subscription,
} from '../../app/ports.ts';
import { START } from '../../app/ports.ts';

export interface FollowedLog {
  readAll(options: ReadAllOptions): AsyncIterable<EventBatch>;
  /** Calls back after every growth of the log, and when the log ends; gives back how to unregister. */
  onGrowth(listener: () => void): () => void;
}

/** Wakes one waiter; a ring before the wait is not lost. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.#rung = false;
  }
}

/**
 * `live` is false until the end of the log has been reached once, and true from then on; reaching it is told
 * by an empty batch when there was nothing left to read. Do not await `stop()` inside `onBatch`: it waits for it.
 */
export function follow(log: FollowedLog, options: SubscribeOptions, onEnd: () => void): Subscription {
  const bell = new Bell();
  let stopped = false;
  const unregister = log.onGrowth(() => bell.ring());
  const run = async (): Promise<void> => {
    let position: Position = options.after ?? START;
    let live = false;
    while (!stopped) {
      const filter = {
        after: position,
        ...(options.prefixes === undefined ? {} : { prefixes: options.prefixes }),
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
      };
      for await (const batch of log.readAll(filter)) {
        if (stopped) return;
        await options.onBatch({ ...batch, live });
        position = batch.position;
      }
      if (stopped) return;
      if (!live) {
        live = true;
        await options.onBatch({ events: [], position, live });
      }
      if (!stopped) await bell.wait();
    }
  };
  const done = run()
    .catch((error: unknown) => {
      if (!stopped) options.onError(error);
    })
    .finally(() => {
      unregister();
      onEnd();
    });
  return {
    async stop() {
      stopped = true;
      bell.ring();
      await done;
    },
  };
}

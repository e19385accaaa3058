/**
 * What planner, gatekeeper and withdrawals have in common: fold the log, then do what its state says is due, and
 * look again when the log grows or a time comes. Nothing is kept but the fold, so an agent can die at any time.
 */
import type { Clock, EventStore, Log, Position, RecordedEvent } from '../ports.ts';

export interface Agent {
  readonly name: string;
  /** What it fails at now, and how often in a row; null while it does its work. */
  trouble(): { readonly failures: number; readonly what: string } | null;
  /** Resolves when the log has been folded once and the agent acts. Failures are retried until `stop`. */
  start(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly name: string;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly prefixes: readonly string[];
  /** Forgets everything and folds the log up to and including `until`. */
  readonly load: (until: Position) => Promise<void>;
  readonly fold: (events: readonly RecordedEvent[]) => void;
  /** Does what is due; gives the time to look again (milliseconds since 1970), or null for "when the log grows". */
  readonly act: (signal: AbortSignal) => Promise<number | null>;
}

/** Timers longer than 2^31 ms fire at once; the agent just looks again. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Milliseconds to wait after the n-th failure in a row (from 1): doubling from 250, at most a minute. */
export const backoff_ms = (failures: number): number =>
  Math.min(60_000, 250 * 2 ** Math.min(failures - 1, 10));

/** Given to `abort`, which would make an error with a stack each time. */
const AWAKE = new Error('something has come');

/** Wakes one waiter; a ring before the wait is not lost. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(clock: Clock, ms: number): Promise<void> {
    const over = new AbortController();
    if (!this.#rung) {
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([rung, clock.sleep(ms, over.signal)]);
      over.abort(AWAKE);
      this.#wake = null;
    }
    this.#rung = false;
  }
}

export function createAgent(options: AgentOptions): Agent {
  const { clock, log, name } = options;
  const stopping = new AbortController();
  const bell = new Bell();
  let running: Promise<void> | null = null;
  let trouble: ReturnType<Agent['trouble']> = null;

  const failed = async (what: string, error: unknown, failures: number): Promise<void> => {
    const wait_ms = backoff_ms(failures);
    trouble = { failures, what: `${what}: ${String(error)}` };
    log('error', `${name}: ${what}`, { error, failures, wait_ms });
    await clock.sleep(wait_ms, stopping.signal);
  };

  /** One life: fold, follow, act; ends with an error of the log, or when stopping. */
  const live = async (started: () => void): Promise<void> => {
    const head = await options.store.head();
    await options.load(head);
    let broken: { readonly error: unknown } | null = null;
    const subscription = options.store.subscribe({
      after: head,
      prefixes: options.prefixes,
      onBatch: async (batch) => {
        if (batch.events.length === 0) return;
        options.fold(batch.events);
        bell.ring();
      },
      onError: (error) => {
        broken = { error };
        bell.ring();
      },
    });
    started();
    try {
      let failures = 0;
      while (!stopping.signal.aborted && broken === null) {
        try {
          const next = await options.act(stopping.signal);
          failures = 0;
          trouble = null;
          const left = next === null ? LONGEST_SLEEP_MS : Math.max(0, next - clock.now());
          if (!stopping.signal.aborted) await bell.wait(clock, Math.min(left, LONGEST_SLEEP_MS));
        } catch (error) {
          await failed('could not act', error, ++failures);
        }
      }
    } finally {
      await subscription.stop();
    }
    const end = broken as { readonly error: unknown } | null;
    if (end !== null) throw end.error;
  };

  const run = async (started: () => void): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await live(() => {
          failures = 0;
          started();
        });
      } catch (error) {
        await failed('lost the log, starting over', error, ++failures);
      }
    }
    started();
  };

  return {
    name,
    trouble: () => trouble,
    async start() {
      if (running !== null) throw new Error(`${name} was started before`);
      await new Promise<void>((resolve) => {
        running = run(resolve);
      });
    },
    async stop() {
      stopping.abort();
      bell.ring();
      await running;
    },
  };
}

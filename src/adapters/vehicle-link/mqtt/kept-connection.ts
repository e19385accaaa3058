/** One connection that is opened again whenever it ends, with growing pauses, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../../app/ports/log.ts';
import type { MqttConnection } from './dialer.ts';

export interface KeptOptions {
  /** For the log: `downlink`, `uplink 2`. */
  readonly name: string;
  readonly open: () => Promise<MqttConnection>;
  /**
   * Makes a new connection ready (subscriptions). `times` counts the connections, from 1. When it rejects, the
   * connection is broken off and another one tried.
   */
  readonly ready: (connection: MqttConnection, times: number) => Promise<void>;
  readonly lost: () => void;
  readonly log: Log;
  /**
   * The first pause between two attempts and the longest, milliseconds. After a connection that lasted longer
   * than the longest, it begins with the shortest again.
   */
  readonly pauses_ms?: readonly [number, number];
}

export interface KeptConnection {
  /** The one that is ready; null when there is none. */
  current(): MqttConnection | null;
  /** Resolves when the first is ready. Rejects when it can't be had within the time, with the last reason. */
  first(within_ms: number): Promise<void>;
  /** Breaks the connection off; after a pause, another one is opened. */
  cycle(reason: string): void;
  /** Ends it in good order. `forget`: the broker drops the session (MQTT 5). */
  stop(forget?: boolean): Promise<void>;
}

const PAUSES_MS = [100, 10_000] as const;

export function keepConnected(options: KeptOptions): KeptConnection {
  const { name, log } = options;
  const [shortest, longest] = options.pauses_ms ?? PAUSES_MS;
  const stopping = new AbortController();
  const firstReady = Promise.withResolvers<void>();
  let opened: MqttConnection | null = null;
  let current: MqttConnection | null = null;
  let times = 0;
  let failures = 0;
  let problem = '';
  let cycled: string | null = null;

  /** One connection, from its opening to its end; resolves with the reason of the end. */
  async function live(): Promise<string> {
    try {
      opened = await options.open();
      if (stopping.signal.aborted) return '';
      await options.ready(opened, ++times);
      current = opened;
      if (times > 1) log('info', `MQTT ${name} is connected again`, { attempts: failures });
      problem = '';
      firstReady.resolve();
      return await opened.closed;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      opened?.destroy();
      opened = null;
      current = null;
      options.lost();
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const began = performance.now();
      const ended = await live();
      if (performance.now() - began > longest) failures = 0;
      if (stopping.signal.aborted) return;
      const reason = cycled ?? ended;
      cycled = null;
      // One line for an outage, however many attempts it takes.
      if (reason !== problem) log('warn', `MQTT ${name} has no connection, trying again: ${reason}`);
      problem = reason;
      const most = Math.min(longest, shortest * 2 ** Math.min(failures++, 20));
      // A broker that comes back is not met by everyone at once.
      await sleep(most * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => null);
    }
  }
  const running = run();
  running.catch((error: unknown) => log('error', `MQTT ${name} has given up`, { error }));

  return {
    current: () => current,
    async first(within_ms) {
      const bound = new AbortController();
      const late = sleep(within_ms, undefined, { signal: bound.signal }).then(() => {
        throw new Error(problem === '' ? 'it does not answer' : problem);
      });
      try {
        await Promise.race([firstReady.promise, late]);
      } finally {
        late.catch(() => undefined);
        bound.abort();
      }
    },
    cycle(reason) {
      if (opened === null) return;
      cycled ??= reason;
      opened.destroy();
    },
    async stop(forget) {
      stopping.abort();
      await opened?.end(forget);
      await running;
    },
  };
}

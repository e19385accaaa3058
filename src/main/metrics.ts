/** What `/metrics` tells beside HTTP: the counters of the parts of this process. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { WorkerMetrics } from '../app/rollout/shard-worker.ts';
import type { Counters } from './context.ts';

export interface WorkerSource {
  readonly metrics: Readonly<WorkerMetrics>;
  readonly owned: () => number;
  readonly held: () => number;
}

const WORKER_HELP: Readonly<Record<string, string>> = {
  records: 'Messages of vehicles processed.',
  events: 'Rollout events appended by the shard worker.',
  receipts: 'Receipts sent.',
  offers: 'Offers made.',
  grants: 'Grants sent.',
  timeouts: 'Offers and attempts timed out.',
  shardsTaken: 'Shards taken over.',
  fenced: 'Shards lost to another worker.',
  reloads: 'Shards read again from the log after a failure.',
  sendFailures: 'Messages to vehicles that could not be sent.',
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A registry that reads counters when it is asked, so that counting costs nothing elsewhere. */
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    // Memory, event loop and garbage collection, under the names that dashboards know.
    collectDefaultMetrics({ register: this.registry });
  }

  gauge(name: string, help: string, read: () => number): void {
    const made: Gauge = new Gauge({
      name: `fleetwave_${name}`,
      help,
      registers: [this.registry],
      collect: () => made.set(read()),
    });
  }

  /** Every counter that `read` has now, by its name. */
  section(prefix: string, help: string, read: Counters): void {
    for (const [key, value] of Object.entries(read()))
      if (typeof value === 'number') this.gauge(`${prefix}_${snake(key)}`, help, () => read()[key] ?? 0);
  }

  /** Whether an engine can be reached: 1 or 0. */
  engine(name: string, connected: () => boolean): void {
    this.gauge(`engine_${name}_up`, `Whether ${name} can be reached: 1 or 0.`, () => (connected() ? 1 : 0));
  }

  worker({ metrics, owned, held }: WorkerSource): void {
    const counters = metrics as unknown as Readonly<Record<string, number>>;
    for (const [key, help] of Object.entries(WORKER_HELP))
      this.gauge(`worker_${snake(key)}`, help, () => Number(counters[key] ?? 0));
    this.gauge('shards_owned', 'Shards that this worker owns.', owned);
    this.gauge('rollouts_held', 'Rollouts of shards that offer nothing for a reason.', held);
    this.#byReason('worker_set_aside', 'Messages without effect, by reason.', () => metrics.setAside);
    this.#byReason(
      'worker_dead_letters',
      'Messages put on record unprocessed, by reason.',
      () => metrics.deadLetters,
    );
  }

  #byReason(name: string, help: string, read: Counters): void {
    const made: Gauge = new Gauge({
      name: `fleetwave_${name}`,
      help,
      labelNames: ['reason'],
      registers: [this.registry],
      collect: () => {
        for (const [reason, count] of Object.entries(read())) made.set({ reason }, count);
      },
    });
  }
}

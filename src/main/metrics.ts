/** What `/metrics` tells beside HTTP: the shard worker's and the broker's own counters. */
import { Gauge, Registry } from 'prom-client';
import type { WorkerMetrics } from '../app/rollout/shard-worker.ts';

export interface MetricSources {
  readonly worker: () => Readonly<WorkerMetrics>;
  /** With all of its counters from the first call on. */
  readonly broker: () => Readonly<Record<string, unknown>>;
  readonly online: () => number;
  readonly eventsSkipped: () => number;
  readonly shardsHeld: () => number;
}

const HELP: Readonly<Record<string, string>> = {
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

/** A registry that reads the counters when it is asked, so that counting costs nothing elsewhere. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({
      name: `fleetwave_${name}`,
      help,
      registers: [registry],
      collect: () => made.set(read()),
    });
  };
  const numberOf = (counters: object, key: string): number =>
    Number((counters as Record<string, unknown>)[key] ?? 0);
  for (const [key, help] of Object.entries(HELP))
    gauge(`worker_${snake(key)}`, help, () => numberOf(sources.worker(), key));
  for (const key of Object.keys(sources.broker()))
    if (typeof sources.broker()[key] === 'number')
      gauge(`broker_${snake(key)}`, 'Counter of the embedded broker.', () => numberOf(sources.broker(), key));
  gauge('vehicles_online', 'Vehicles connected now.', sources.online);
  gauge('projector_events_skipped', 'Events of types that a newer version wrote.', sources.eventsSkipped);
  gauge('rollouts_held', 'Rollouts of shards that offer nothing for a reason.', sources.shardsHeld);
  byReason(
    registry,
    'worker_set_aside',
    'Messages without effect, by reason.',
    () => sources.worker().setAside,
  );
  byReason(
    registry,
    'worker_dead_letters',
    'Messages put on record unprocessed, by reason.',
    () => sources.worker().deadLetters,
  );
  return registry;
}

function byReason(
  registry: Registry,
  name: string,
  help: string,
  read: () => Readonly<Record<string, number>>,
): void {
  const made: Gauge = new Gauge({
    name: `fleetwave_${name}`,
    help,
    labelNames: ['reason'],
    registers: [registry],
    collect: () => {
      for (const [reason, count] of Object.entries(read())) made.set({ reason }, count);
    },
  });
}

/** The role that owns shards: decides what vehicles report, offers, grants, halts (DESIGN §3 to §5). */
import { hostname } from 'node:os';
import { systemClock } from '../../adapters/clock/system-clock.ts';
import { createGrantBuilder } from '../../app/artifacts/grant-builder.ts';
import type { FeedbackSource, ShardOwner } from '../../app/ports.ts';
import { createShardWorker, type ShardWorker } from '../../app/rollout/shard-worker.ts';
import { type Context, type RunningRole, sha256 } from '../context.ts';
import type { Downlink } from '../engines/vehicle-links.ts';
import type { Shared } from '../shared.ts';

export interface RolloutRole extends RunningRole {
  readonly worker: ShardWorker;
}

export interface RolloutOptions {
  readonly shared: Shared;
  readonly context: Context;
  readonly link: Downlink;
  /** Where vehicles reach the HTTP API; known when it listens. */
  readonly contentBase: () => string;
}

/** How often the offers that a broker keeps are looked through when that fails, and the pause between. */
const PASSES = 5;
const PASS_PAUSE_MS = 2000;

/** What the shard worker says when its subscription to the log has died. */
const FOLLOWING = 'following the campaigns';

export async function createRolloutRole(options: RolloutOptions): Promise<RolloutRole> {
  const { shared, context, link } = options;
  const source = await shared.messaging.source();
  const worker = createWorker(options, source);
  const owner = correctingOwner(worker, link, context);
  link.onReconnected(() => worker.repeatEverything().then(owner.correct));
  let started = false;
  return {
    name: 'rollout',
    worker,
    checks: () => {
      const missing = shared.messaging.untaken();
      const detail =
        missing > 0 ? `${missing} shards can't be taken` : `${worker.owned().length} shards are owned`;
      return [
        {
          name: 'rollout',
          ok: started && missing === 0,
          detail: started ? detail : 'still taking shards over',
        },
        { name: 'way to vehicles', ok: link.connected(), detail: link.connected() ? 'open' : 'no broker' },
      ];
    },
    async start() {
      worker.start();
      await source.start(owner);
      started = true;
    },
    async stop() {
      started = false;
      await source.stop();
      await worker.stop();
    },
  };
}

function createWorker({ shared, context, link, contentBase }: RolloutOptions, source: FeedbackSource) {
  const { config, logger, onFatal } = context;
  const { runtime, keys, messaging } = shared;
  const { store } = runtime;
  return createShardWorker({
    store,
    link,
    clock: systemClock,
    grants: createGrantBuilder({
      store,
      wrapper: keys.wrapper,
      tokenKeys: keys.tokenKeys,
      contentBase,
      valid_s: config.grantValidS,
      now: systemClock.now,
    }),
    watermark: (shard) => source.watermark(shard),
    newId: runtime.newId,
    digest: sha256,
    worker: `${hostname()}:${process.pid}`,
    timeoutGrace_ms: config.timeoutGraceS * 1000,
    tick_ms: config.tickMs,
    onFenced: (shard) => {
      logger.warn({ shard }, 'the shard was taken over by another worker');
      // Alone, nobody else can own a shard of this log: its vehicles would be refused for ever.
      if (messaging.alone) onFatal(new Error(`shard ${shard} was taken over by another worker`));
      else messaging.lost(shard);
    },
    onError: (error, what) => {
      logger.error({ err: error }, what);
      // Blind to what campaigns want, the worker would neither offer nor halt: better to start again.
      if (what === FOLLOWING) onFatal(error instanceof Error ? error : new Error(String(error)));
    },
  });
}

/**
 * Where the broker keeps offers, those that a worker before this one left there are compared with the log once its
 * shards are taken: who died between append and publish has left an old one.
 */
function correctingOwner(
  worker: ShardWorker,
  link: Downlink,
  { logger }: Context,
): ShardOwner & { readonly correct: () => Promise<void> } {
  let running: Promise<void> | null = null;
  let again = false;
  const once = async (): Promise<void> => {
    again = false;
    for await (const vehicleIds of link.retainedOffers()) await worker.correct(vehicleIds);
  };
  /** A pass that fails is made again a few times: after that a new connection makes another one. */
  const pass = async (): Promise<void> => {
    let failures = 0;
    do {
      try {
        await once();
      } catch (error) {
        if (++failures >= PASSES) throw error;
        again = true;
        await systemClock.sleep(PASS_PAUSE_MS);
      }
    } while (again);
  };
  const correct = (): Promise<void> => {
    if (running !== null) again = true;
    running ??= pass()
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'the offers that the broker keeps could not be read'),
      )
      .finally(() => {
        running = null;
      });
    return running;
  };
  return {
    async assign(shards) {
      await worker.assign(shards);
      void correct();
    },
    revoke: (shards) => worker.revoke(shards),
    process: (shard, records) => worker.process(shard, records),
    greet: (shard, vehicleIds) => worker.greet(shard, vehicleIds),
    correct,
  };
}

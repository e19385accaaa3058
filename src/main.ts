/** The whole server in one process on the embedded default (DESIGN §10). */
import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from 'pino';
import { systemClock } from './adapters/clock/system-clock.ts';
import {
  type EmbeddedBroker,
  startEmbeddedBroker,
} from './adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import { newStats } from './adapters/vehicle-link/embedded-broker/stats.ts';
import { buildServer } from './api/server.ts';
import type { Readiness } from './api/services.ts';
import { createCredentialCheck } from './app/vehicle-link/credentials.ts';
import { createLinkHandlers } from './app/vehicle-link/link-handlers.ts';
import type { Config } from './config.ts';
import { type Engine, openEngine } from './main/engine.ts';
import { listenHttp } from './main/listen-http.ts';
import { createLogger } from './main/log.ts';
import { createMetrics } from './main/metrics.ts';
import { removeRunning, writeRunning } from './main/running-file.ts';
import { createServices } from './main/services.ts';

export interface RunningServer {
  readonly http: string;
  readonly mqtt: string;
  readonly adminKeyFile: string;
  /** Set when this start made the first key. */
  readonly newAdminKey: string | null;
  /** Finishes what was begun, and closes. */
  stop(): Promise<void>;
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

async function startBroker(engine: Engine, config: Config, logger: Logger): Promise<EmbeddedBroker> {
  return startEmbeddedBroker({
    host: config.mqttHost,
    port: config.mqttPort,
    now: systemClock.now,
    handlers: createLinkHandlers({
      authenticate: createCredentialCheck({ store: engine.store, fleetSecrets: engine.keys.fleetSecrets }),
      render: (vehicleId, topic) => engine.worker.render(vehicleId, topic),
      feedback: engine.feedback,
      presence: engine.presence,
    }),
    onError: (error) => logger.warn({ err: error }, 'a message of a vehicle was not taken'),
  });
}

/** Failures in a row after which a process manager counts as failing: a lost race or two is no alarm. */
const FAILING_AFTER = 5;

const readinessOf = (engine: Engine, started: () => boolean) => async (): Promise<Readiness> => {
  const failure = engine.projector.failure();
  const checks = [
    { name: 'started', ok: started(), detail: started() ? 'shards are owned' : 'still taking shards over' },
    {
      name: 'projector',
      ok: failure === null,
      detail: failure?.message ?? `at ${engine.projector.position()}`,
    },
    ...engine.agents.map((agent) => {
      const trouble = agent.trouble();
      const ok = trouble === null || trouble.failures < FAILING_AFTER;
      return {
        name: agent.name,
        ok,
        detail: trouble === null ? 'works' : `${trouble.what} (${trouble.failures} times)`,
      };
    }),
  ];
  return { ready: checks.every(({ ok }) => ok), checks };
};

/**
 * Starts everything; resolves when vehicles and callers may come.
 * @throws Error naming the setting when a port, a key or the data directory can't be had.
 */
export async function startServer(config: Config, onFatal: (error: Error) => void): Promise<RunningServer> {
  const logger = createLogger(config);
  const doors: { broker: EmbeddedBroker | null; http: string | null } = { broker: null, http: null };
  const engine = await openEngine({
    config,
    logger,
    onFatal,
    // Nobody is connected before the broker runs, and state is rendered anew for who subscribes.
    link: { send: async (messages) => doors.broker?.send(messages) },
    contentBase: () => config.publicUrl ?? doors.http ?? '',
  });
  const stopping: (() => Promise<void>)[] = [() => engine.stop()];
  const stop = async (): Promise<void> => {
    for (const step of stopping.splice(0).reverse()) await step();
  };
  try {
    let started = false;
    const metrics = createMetrics({
      worker: () => engine.worker.metrics,
      broker: () => ({ ...(doors.broker?.stats() ?? newStats()) }),
      online: () => engine.presence.onlineCount(),
      eventsSkipped: () => engine.projector.skipped(),
      shardsHeld: () => engine.worker.holds().length,
    });
    const readiness = readinessOf(engine, () => started);
    const api = await buildServer(
      createServices({
        ...engine,
        clock: systemClock,
        metrics,
        readiness,
        onCredentialEnded: (vehicleId) => doors.broker?.disconnect(vehicleId),
      }),
      {
        logger: logger as unknown as FastifyBaseLogger,
      },
    );
    stopping.push(() => api.close());
    doors.http = await listenHttp(api, config);
    await engine.start();
    const broker = await startBroker(engine, config, logger);
    doors.broker = broker;
    stopping.push(() => broker.stop());
    started = true;
    const mqtt = `mqtt://${hostInUrl(config.mqttHost)}:${broker.port}`;
    writeRunning(config.paths.running, { http: doors.http, mqtt });
    stopping.push(async () => removeRunning(config.paths.running));
    return {
      http: doors.http,
      mqtt,
      adminKeyFile: config.paths.adminKey,
      newAdminKey: engine.newAdminKey,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One process of a deployment: everything, or the roles that it was given (DESIGN §10). */
import type { FastifyBaseLogger } from 'fastify';
import { buildHealthServer } from './api/health-server.ts';
import type { Readiness } from './api/services.ts';
import type { Config, Role } from './config.ts';
import { Closing, type Context, type RunningRole } from './main/context.ts';
import { embeddedDownlink, openDownlink, withoutPassword } from './main/engines/vehicle-links.ts';
import { listenHttp } from './main/listen-http.ts';
import { createLogger, toLog } from './main/log.ts';
import { Metrics } from './main/metrics.ts';
import { type ApiRole, createApiRole } from './main/roles/api.ts';
import { type BridgeRole, createBridgeRole } from './main/roles/bridge.ts';
import { createGatekeeperRole } from './main/roles/gatekeeper.ts';
import { createProjectorRole } from './main/roles/projector.ts';
import { createRolloutRole, type RolloutRole } from './main/roles/rollout.ts';
import { removeRunning, writeRunning } from './main/running-file.ts';
import { openShared, type Shared } from './main/shared.ts';

export interface RunningServer {
  readonly http: string;
  /** Where vehicles connect; null when this process does not know. */
  readonly mqtt: string | null;
  readonly roles: readonly Role[];
  /** Null for a process without the API. */
  readonly adminKeyFile: string | null;
  /** Set when this start made the first key. */
  readonly newAdminKey: string | null;
  /** Finishes what was begun, and closes. */
  stop(): Promise<void>;
}

/**
 * Starts the roles of this process; resolves when vehicles and callers may come.
 * @throws Error naming the setting when a port, a key, an engine or the data directory can't be had.
 */
export async function startServer(config: Config, onFatal: (error: Error) => void): Promise<RunningServer> {
  const logger = createLogger(config);
  const closing = new Closing();
  try {
    return await start({ config, logger, log: toLog(logger), onFatal }, closing);
  } catch (error) {
    await closing.run().catch((failure: unknown) => logger.warn({ err: failure }, 'after a failed start'));
    throw error;
  }
}

async function start(context: Context, closing: Closing): Promise<RunningServer> {
  const { config, logger } = context;
  const shared = await openShared(context, closing);
  const metrics = new Metrics();
  const parts: Parts = { http: '', api: null, roles: [], rollout: null, bridge: null };
  let started = false;
  const readiness = readinessOf(shared, parts, () => started);
  const health = { readiness, metrics: metrics.registry };
  parts.api = config.roles.includes('api')
    ? await createApiRole(
        {
          shared,
          context,
          ...health,
          metrics: metrics.registry,
          onCredentialEnded: (vehicleId) => parts.bridge?.uplink()?.disconnect(vehicleId),
        },
        closing,
      )
    : null;
  const { api } = parts;
  const server = api?.server ?? buildHealthServer(health, logger as unknown as FastifyBaseLogger);
  const closeHttp = once(() => server.close());
  closing.add('HTTP after a failed start', closeHttp);
  parts.http = await listenHttp(server, config);
  await createRoles(parts, shared, context, closing);
  const { bridge } = parts;
  for (const role of parts.roles) {
    // Callers are answered until the end of what they wait for; vehicles are sent away first.
    if (role === bridge) closing.add('HTTP', closeHttp);
    closing.add(`the role ${role.name}`, () => role.stop());
    await role.start();
  }
  if (bridge === null) closing.add('HTTP', closeHttp);
  measure(metrics, shared, parts, api);
  started = true;
  return running(context, closing, parts, api);
}

interface Parts {
  http: string;
  api: ApiRole | null;
  /** In the order in which they are started. */
  readonly roles: RunningRole[];
  rollout: RolloutRole | null;
  bridge: BridgeRole | null;
}

async function createRoles(parts: Parts, shared: Shared, context: Context, closing: Closing): Promise<void> {
  const { config } = context;
  const has = (role: Role): boolean => config.roles.includes(role);
  if (has('rollout')) {
    const link =
      config.mqtt === undefined
        ? embeddedDownlink(() => parts.bridge?.broker() ?? null)
        : await openDownlink(context, config.mqtt, closing);
    const contentBase = (): string => config.publicUrl ?? parts.http;
    parts.rollout = await createRolloutRole({ shared, context, link, contentBase });
    parts.roles.push(parts.rollout);
  }
  if (has('gatekeeper')) parts.roles.push(createGatekeeperRole(shared, context));
  if (has('projector')) parts.roles.push(await createProjectorRole(shared, context));
  if (!has('bridge')) return;
  const { rollout } = parts;
  parts.bridge = await createBridgeRole(shared, context, async (vehicleId, topic) =>
    rollout === null ? null : rollout.worker.render(vehicleId, topic),
  );
  parts.roles.push(parts.bridge);
}

const readinessOf =
  ({ eventLog, messaging }: Shared, parts: Parts, started: () => boolean) =>
  async (): Promise<Readiness> => {
    const engine = (name: string, connected: boolean) => ({
      name,
      ok: connected,
      detail: connected ? 'can be reached' : 'can not be reached: it is tried again all the time',
    });
    const checks = [
      { name: 'started', ok: started(), detail: started() ? 'it is' : 'still starting' },
      engine('event log', eventLog.connected()),
      // The API alone needs Kafka only for what it says of who is online.
      ...(messaging.alone || parts.roles.length === 0 ? [] : [engine('Kafka', messaging.connected())]),
      ...(parts.api?.checks() ?? []),
      ...parts.roles.flatMap((role) => role.checks()),
    ];
    return { ready: checks.every(({ ok }) => ok), checks };
  };

function measure(metrics: Metrics, shared: Shared, parts: Parts, api: ApiRole | null): void {
  const { eventLog, messaging, views } = shared;
  const { rollout, bridge } = parts;
  metrics.engine('event_log', eventLog.connected);
  metrics.section('event_log', 'Counter of the event store’s client.', eventLog.stats);
  if (!messaging.alone) metrics.engine('kafka', messaging.connected);
  metrics.section('kafka', 'Counter of Kafka’s client.', messaging.stats);
  if (api !== null) {
    metrics.gauge('vehicles_online', 'Vehicles connected now.', () => api.presence.onlineCount());
    metrics.engine('read_models', api.readModels.connected);
    metrics.section('read_models', 'Counter of the read models’ client.', api.readModels.stats);
    metrics.engine('artifact_store', api.blobs.connected);
    metrics.section('artifact_store', 'Counter of the artifact store’s client.', api.blobs.stats);
  }
  if (views !== null)
    metrics.gauge('projector_events_skipped', 'Events of types that a newer version wrote.', () =>
      views.thread.skipped(),
    );
  if (rollout !== null)
    metrics.worker({
      metrics: rollout.worker.metrics,
      owned: () => rollout.worker.owned().length,
      held: () => rollout.worker.holds().length,
    });
  const uplink = bridge?.uplink() ?? null;
  if (uplink === null) return;
  metrics.engine('mqtt', uplink.connected);
  metrics.section('broker', 'Counter of the way to vehicles.', uplink.stats);
}

function running(context: Context, closing: Closing, parts: Parts, api: ApiRole | null): RunningServer {
  const { config } = context;
  const { http } = parts;
  const external = config.mqttPublicUrl ?? (config.mqtt === undefined ? null : withoutPassword(config.mqtt));
  const mqtt = parts.bridge?.uplink()?.url ?? external;
  if (api !== null) {
    writeRunning(config.paths.running, { http, mqtt });
    closing.add('server.json', () => removeRunning(config.paths.running));
  }
  return {
    http,
    mqtt,
    roles: config.roles,
    adminKeyFile: api === null ? null : config.paths.adminKey,
    newAdminKey: api?.newAdminKey ?? null,
    stop: () => closing.run(),
  };
}

function once(step: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= step();
    return done;
  };
}

/** The engine without its doors: log, read models, services, shard worker and process managers. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'pino';

import { openFileBlobStore } from '../adapters/artifact-store/file/file-blob-store.ts';
import { systemClock } from '../adapters/clock/system-clock.ts';
import { openSqliteEventStore } from '../adapters/event-store/sqlite/sqlite-event-store.ts';
import { createInProcessFeedback } from '../adapters/feedback/in-process/in-process-feedback.ts';
import { createKeyRegistry } from '../adapters/keys/file/key-registry.ts';
import { openKeys } from '../adapters/keys/file/open-keys.ts';
import { openSqliteReader } from '../adapters/read-model/sqlite/sqlite-reader.ts';
import { createEd25519Signer } from '../adapters/signing/ed25519/signer.ts';
import { startAccess } from '../app/access/access-service.ts';
import { AccessLostError } from '../app/access/key-ring.ts';
import { createArtifactService } from '../app/artifacts/artifact-service.ts';
import { createGrantBuilder } from '../app/artifacts/grant-builder.ts';
import { createCampaignService } from '../app/campaigns/campaign-service.ts';
import { createGatekeeper } from '../app/campaigns/gatekeeper.ts';
import { createPlanner } from '../app/campaigns/planner.ts';
import { createWithdrawals } from '../app/campaigns/withdrawals.ts';
import { createFleetService } from '../app/fleet/fleet-service.ts';
import type { Runtime } from '../app/handle-command.ts';
import { createIdSource } from '../app/new-id.ts';
import type { VehicleLink } from '../app/ports.ts';
import { createShardWorker } from '../app/rollout/shard-worker.ts';
import { createPresenceTable } from '../app/vehicle-link/presence-table.ts';
import { createPseudonymIdentity, vinIdentity } from '../app/vehicles/identity.ts';
import { createVehicleService } from '../app/vehicles/vehicle-service.ts';
import { type Config, environmentName } from '../config.ts';
import { SHARD_COUNT } from '../domain/shared/shard.ts';
import { openDeployment } from './deployment.ts';
import { ensureAdminKey } from './first-admin.ts';
import { toLog } from './log.ts';
import { startProjectorThread } from './projector-client.ts';
import { releasedArtifacts } from './services.ts';
import { createSelector, createValidationLookup } from './targeting.ts';
import { openVinKeys } from './vin-keys.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly link: VehicleLink;
  /** Where vehicles reach the HTTP API; known when it listens. */
  readonly contentBase: () => string;
  /** Something without which the process must not go on. */
  readonly onFatal: (error: Error) => void;
}

export type Engine = Awaited<ReturnType<typeof openEngine>>;

/** What the shard worker says when its subscription to the log has died. */
const FOLLOWING = 'following the campaigns';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

type Closing = (() => Promise<void> | void)[];

/** What is opened is put on `closing` at once, so that a start that fails leaves nothing running. */
async function openParts({ config, logger, onFatal }: EngineOptions, closing: Closing) {
  const { paths } = config;
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  const store = await openSqliteEventStore({ path: paths.log });
  closing.push(() => store.close());
  const runtime: Runtime = {
    store,
    now: systemClock.now,
    newId: createIdSource(systemClock.now),
    digest: sha256,
  };
  const deployment = await openDeployment(runtime, config);
  const masterKey =
    config.masterKey === undefined
      ? {}
      : { masterKey: { base64: config.masterKey, setting: environmentName('masterKey') } };
  const keys = await openKeys({ directory: paths.keys, ...masterKey });
  const vinKeys = deployment.identity === 'pseudonym' ? openVinKeys(paths.keys) : null;
  closing.push(() => vinKeys?.close());
  const projector = await startProjectorThread(paths, systemClock, onFatal);
  closing.push(() => projector.stop());
  const reader = openSqliteReader(paths.readModels);
  closing.push(() => reader.close());
  const access = await startAccess(runtime, (error) => {
    logger.error({ err: error }, 'access');
    // Keys that were revoked would go on working.
    if (error instanceof AccessLostError) onFatal(error);
  });
  closing.push(() => access.stop());
  return {
    store,
    runtime,
    keys,
    vinKeys,
    identity: vinKeys === null ? vinIdentity : createPseudonymIdentity(vinKeys.pseudonymKey, vinKeys),
    projector,
    reader,
    blobs: await openFileBlobStore({ directory: paths.blobs }),
    access,
  };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

function createApplication(
  { runtime, keys, identity, projector, reader, blobs }: Parts,
  { config }: EngineOptions,
) {
  const signer = createEd25519Signer(keys.signingKey);
  const signingKeys = createKeyRegistry([signer.publicKey], keys.trustedDirectory);
  return {
    signingKeys,
    vehicles: createVehicleService({
      runtime,
      identity,
      fleetSecrets: keys.fleetSecrets,
      releasedArtifacts: () => releasedArtifacts(reader),
    }),
    artifacts: createArtifactService({
      runtime,
      blobs,
      wrapper: keys.wrapper,
      signer,
      registry: signingKeys,
      tokenKeys: keys.tokenKeys,
      lookup: createValidationLookup(runtime, projector),
    }),
    campaigns: createCampaignService(runtime, { clock: systemClock, haltTimeout_ms: config.haltTimeoutMs }),
    fleet: createFleetService(runtime, { clock: systemClock, haltTimeout_ms: config.haltTimeoutMs }),
    presence: createPresenceTable(),
  };
}

function createWorkers(
  { runtime, keys, store, projector }: Parts,
  { config, logger, link, contentBase, onFatal }: EngineOptions,
) {
  const log = toLog(logger);
  const feedback = createInProcessFeedback({ shards: SHARD_COUNT });
  const worker = createShardWorker({
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
    watermark: (shard) => feedback.watermark(shard),
    newId: runtime.newId,
    digest: sha256,
    worker: `${hostname()}:${process.pid}`,
    timeoutGrace_ms: config.timeoutGraceS * 1000,
    tick_ms: config.tickMs,
    // Nobody else can own a shard of this log: its vehicles would be refused for ever.
    onFenced: (shard) => onFatal(new Error(`shard ${shard} was taken over by another worker`)),
    onError: (error, what) => {
      logger.error({ err: error }, what);
      // Blind to what campaigns want, the worker would neither offer nor halt: better to start again.
      if (what === FOLLOWING) onFatal(error instanceof Error ? error : new Error(String(error)));
    },
  });
  const deps = { clock: systemClock, log };
  const agents = [
    createPlanner(runtime, { ...deps, selector: createSelector(projector) }),
    createGatekeeper(runtime, deps),
    createWithdrawals(runtime, deps),
  ];
  return { feedback, worker, agents };
}

/** Opens everything; nothing runs yet but the projector. @throws with the setting's name in it for what can't be had. */
export async function openEngine(options: EngineOptions) {
  const closing: Closing = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const parts = await openParts(options, closing);
    const application = createApplication(parts, options);
    const workers = createWorkers(parts, options);
    const newAdminKey = await ensureAdminKey(parts.access, options.config.paths.adminKey);
    return { ...parts, ...application, ...workers, newAdminKey, ...lifeOf(workers, close) };
  } catch (error) {
    await close();
    throw error;
  }
}

const lifeOf = (
  { feedback, worker, agents }: ReturnType<typeof createWorkers>,
  close: () => Promise<void>,
) => ({
  async start(): Promise<void> {
    worker.start();
    await feedback.start(worker);
    await Promise.all(agents.map((agent) => agent.start()));
  },
  /** Stops in the order of dependence; what was begun is finished. */
  async stop(): Promise<void> {
    await feedback.stop();
    await worker.stop();
    await Promise.all(agents.map((agent) => agent.stop()));
    await close();
  },
});

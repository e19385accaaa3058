/** The role that answers HTTP: commands, queries, live progress, downloads. Any number of processes may have it. */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { systemClock } from '../../adapters/clock/system-clock.ts';
import { createKeyRegistry } from '../../adapters/keys/file/key-registry.ts';
import { createEd25519Signer } from '../../adapters/signing/ed25519/signer.ts';
import { buildServer } from '../../api/server.ts';
import type { Readiness } from '../../api/services.ts';
import { startAccess } from '../../app/access/access-service.ts';
import { AccessLostError } from '../../app/access/key-ring.ts';
import { createSessions } from '../../app/access/session.ts';
import { createArtifactService, DEFAULT_FILE_BYTES } from '../../app/artifacts/artifact-service.ts';
import { createResumableUploads } from '../../app/artifacts/resumable-uploads.ts';
import { startUploadSweeper } from '../../app/artifacts/upload-sweeper.ts';
import { createCampaignService } from '../../app/campaigns/campaign-service.ts';
import { createEvidenceService } from '../../app/evidence/evidence-service.ts';
import { createFleetService } from '../../app/fleet/fleet-service.ts';
import type { BlobStoreWithStaging, ReadModelReader } from '../../app/ports.ts';
import { checkpointName } from '../../app/projector.ts';
import { createReadModelFollower } from '../../app/read-model-follower.ts';
import { createPresenceTable, type PresenceTable } from '../../app/vehicle-link/presence-table.ts';
import { createVehicleService } from '../../app/vehicles/vehicle-service.ts';
import { projections } from '../../projections/all.ts';
import type { Check, Closing, Context } from '../context.ts';
import { type OpenedBlobs, openBlobs } from '../engines/blobs.ts';
import { type OpenedReader, openReadModels, readModelSpecOf } from '../engines/read-models.ts';
import { ensureAdminKey } from '../first-admin.ts';
import { createServices, releasedArtifacts } from '../services.ts';
import type { Shared } from '../shared.ts';
import { createValidationLookup } from '../targeting.ts';
import { combined } from '../views/combined.ts';
import type { Views } from '../views/open-views.ts';
import type { Folded } from '../views/views-client.ts';

export interface ApiRole {
  readonly server: FastifyInstance;
  readonly presence: PresenceTable;
  /** Set when this start made the first key. */
  readonly newAdminKey: string | null;
  readonly readModels: OpenedReader;
  readonly blobs: OpenedBlobs;
  readonly checks: () => readonly Check[];
}

export interface ApiRoleOptions {
  readonly shared: Shared;
  readonly context: Context;
  readonly metrics: Registry;
  readonly readiness: () => Promise<Readiness>;
  /** A credential that may still be in use counts no more. */
  readonly onCredentialEnded: (vehicleId: string) => void;
}

export async function createApiRole(options: ApiRoleOptions, closing: Closing): Promise<ApiRole> {
  const { shared, context } = options;
  const { views, messaging } = shared;
  if (views === null) throw new Error('the API needs the targeting index');
  const access = await startAccess(shared.runtime, (error) => {
    context.logger.error({ err: error }, 'access');
    // Keys that were revoked would go on working.
    if (error instanceof AccessLostError) context.onFatal(error);
  });
  closing.add('access', () => access.stop());
  const readModels = await openReadModels(readModelSpecOf(context.config), context.log);
  closing.add('the read models', () => readModels.close());
  const folded = await foldedOf(views, readModels.reader, context, closing);
  const presence = createPresenceTable();
  await messaging.presence.follow((signals) => {
    for (const { vehicleId, online, at } of signals)
      if (online === null) presence.heard(vehicleId, at);
      else presence.presence(vehicleId, online, at);
  });
  const stored = await openBlobs(context.config, context.log);
  closing.add('the artifact store', stored.close);
  const application = createApplication(options, readModels.reader, views, stored.blobs);
  const sweeper = startUploadSweeper({ ...context, uploads: application.uploads, clock: systemClock });
  closing.add('the removal of expired uploads', () => sweeper.stop());
  const newAdminKey = await ensureAdminKey(access, context.config.paths.adminKey);
  const services = createServices({
    ...application,
    runtime: shared.runtime,
    identity: shared.identity,
    clock: systemClock,
    access,
    sessions: createSessions(shared.keys.tokenKeys, () => systemClock.now(), shared.runtime.newId),
    reader: readModels.reader,
    folded,
    index: views.thread,
    presence,
    metrics: options.metrics,
    readiness: options.readiness,
    onCredentialEnded: options.onCredentialEnded,
  });
  const server = await buildServer(services, { logger: context.logger as unknown as FastifyBaseLogger });
  const checks = (): readonly Check[] => {
    const ok = readModels.connected();
    return [{ name: 'read models', ok, detail: ok ? `at ${folded.position()}` : 'can not be reached' }];
  };
  return { server, presence, newAdminKey, readModels, blobs: stored, checks };
}

/** Folded by our own thread, or elsewhere and seen through its checkpoints. */
async function foldedOf(
  { thread, foldsAlways }: Views,
  reader: ReadModelReader,
  { log }: Context,
  closing: Closing,
): Promise<Folded> {
  if (foldsAlways) return thread;
  const follower = createReadModelFollower({
    reader,
    checkpoints: projections.map(checkpointName),
    clock: systemClock,
    log,
  });
  await follower.start();
  closing.add('following the read models', () => follower.stop());
  return combined(thread, follower);
}

function createApplication(
  { shared, context }: ApiRoleOptions,
  reader: ReadModelReader,
  views: Views,
  blobs: BlobStoreWithStaging,
) {
  const { runtime, keys, identity } = shared;
  const { config } = context;
  const signer = createEd25519Signer(keys.signingKey);
  const signingKeys = createKeyRegistry([signer.publicKey], keys.trustedDirectory);
  const artifacts = createArtifactService({
    runtime,
    blobs,
    contentDelivery: config.contentDelivery,
    wrapper: keys.wrapper,
    signer,
    registry: signingKeys,
    tokenKeys: keys.tokenKeys,
    lookup: createValidationLookup(runtime, views.thread),
  });
  const halting = { clock: systemClock, haltTimeout_ms: config.haltTimeoutMs };
  return {
    signingKeys,
    vehicles: createVehicleService({
      runtime,
      identity,
      fleetSecrets: keys.fleetSecrets,
      releasedArtifacts: () => releasedArtifacts(reader),
    }),
    artifacts,
    uploads: createResumableUploads({
      ...runtime,
      artifacts,
      staging: blobs.staging,
      wrapper: keys.wrapper,
      log: context.log,
      maxFileBytes: DEFAULT_FILE_BYTES,
      valid_s: config.uploadValidS,
    }),
    campaigns: createCampaignService(runtime, halting),
    fleet: createFleetService(runtime, halting),
    evidence: createEvidenceService({ store: runtime.store, signer, clock: systemClock }),
  };
}

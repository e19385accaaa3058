/** What the API is given: the application's services, put together. */
import type { Registry } from 'prom-client';
import type { ApiServices, Readiness } from '../api/services.ts';
import type { RunningAccess } from '../app/access/access-service.ts';
import type { Sessions } from '../app/access/session.ts';
import type { ArtifactService } from '../app/artifacts/artifact-service.ts';
import type { ResumableUploads } from '../app/artifacts/resumable-uploads.ts';
import type { CampaignService } from '../app/campaigns/campaign-service.ts';
import type { EvidenceService } from '../app/evidence/evidence-service.ts';
import type { FleetService } from '../app/fleet/fleet-service.ts';
import type { Runtime } from '../app/handle-command.ts';
import type { Clock, Document, KeyRegistry, Page, ReadModelReader } from '../app/ports.ts';
import type { PresenceTable } from '../app/vehicle-link/presence-table.ts';
import { pathWithIds, type VehicleIdentity } from '../app/vehicles/identity.ts';
import type { VehicleService } from '../app/vehicles/vehicle-service.ts';
import type { ArtifactFacts } from '../domain/artifact/compatibility.ts';
import { createTargetingApi } from './targeting.ts';
import type { Folded, ViewsThread } from './views/views-client.ts';

export interface ServiceParts {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly access: RunningAccess;
  readonly sessions: Sessions;
  readonly artifacts: ArtifactService;
  readonly uploads: ResumableUploads;
  readonly vehicles: VehicleService;
  readonly identity: VehicleIdentity;
  readonly campaigns: CampaignService;
  readonly fleet: FleetService;
  readonly evidence: EvidenceService;
  readonly reader: ReadModelReader;
  /** How far read models and index are. */
  readonly folded: Folded;
  readonly index: ViewsThread;
  readonly presence: PresenceTable;
  readonly signingKeys: KeyRegistry;
  readonly metrics: Registry;
  readonly readiness: () => Promise<Readiness>;
  /** A credential that may still be in use counts no more. */
  readonly onCredentialEnded: (vehicleId: string) => void;
}

const PAGE = 1000;

/** Every artifact that campaigns may use now, from the catalogue. */
export async function releasedArtifacts(reader: ReadModelReader): Promise<readonly ArtifactFacts[]> {
  const found: ArtifactFacts[] = [];
  let cursor: string | null = null;
  do {
    const where = { state: 'released' };
    const page: Page<Document & ArtifactFacts> = await reader.find(
      'artifacts',
      cursor === null ? { where, limit: PAGE } : { where, limit: PAGE, cursor },
    );
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

export function createServices(parts: ServiceParts): ApiServices {
  const { runtime, folded, campaigns, access, identity } = parts;
  return {
    artifacts: parts.artifacts,
    uploads: parts.uploads,
    vehicles: endingConnections(parts.vehicles, parts.onCredentialEnded),
    campaigns,
    fleet: parts.fleet,
    evidence: parts.evidence,
    targeting: createTargetingApi(runtime, parts.index, identity),
    access: {
      ...access,
      recordRefusal: (refusal) =>
        access.recordRefusal({ ...refusal, path: pathWithIds(identity, refusal.path) }),
    },
    sessions: parts.sessions,
    signingKeys: parts.signingKeys,
    reader: parts.reader,
    log: runtime.store,
    presence: parts.presence,
    clock: parts.clock,
    metrics: parts.metrics,
    head: () => runtime.store.head(),
    waitForPosition: (position, timeout_ms) => folded.waitFor(position, timeout_ms),
    onReadModelsMoved: (listener) => folded.onMoved(listener),
    readiness: parts.readiness,
  };
}

/** Whoever is connected with a credential that has just ended is sent away; with the new one it may come back. */
function endingConnections(vehicles: VehicleService, end: (vehicleId: string) => void): VehicleService {
  return {
    ...vehicles,
    async execute(vehicleId, command, envelope) {
      const outcome = await vehicles.execute(vehicleId, command, envelope);
      const ends = command.type === 'RevokeCredential' || command.type === 'DecommissionVehicle';
      if (ends && outcome.ok) end(vehicleId);
      return outcome;
    },
    async issueCredential(vehicleId, envelope) {
      const issued = await vehicles.issueCredential(vehicleId, envelope);
      if (issued.outcome.ok && issued.outcome.position !== null) end(vehicleId);
      return issued;
    },
  };
}

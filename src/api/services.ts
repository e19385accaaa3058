/** What the API needs of the rest, and nothing more: `main.ts` puts it together, tests use doubles. */
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { AccessService } from '../app/access/access-service.ts';
import type { Sessions } from '../app/access/session.ts';
import type { ResumableUploads } from '../app/artifacts/resumable-uploads.ts';
import type { ExportedEvent, PersonsCommand } from '../app/campaigns/campaign-service.ts';
import type { EvidenceService } from '../app/evidence/evidence-service.ts';
import type { FleetHaltReport } from '../app/fleet/fleet-halt.ts';
import type { EmergencyCommand, EmergencyStatus } from '../app/fleet/fleet-service.ts';
import type { CommandEnvelope, CommandOutcome } from '../app/handle-command.ts';
import type {
  Clock,
  EventStore,
  KeyRegistry,
  Position,
  ReadModelReader,
  TargetingCount,
} from '../app/ports.ts';
import type { AvailableUpdate } from '../app/vehicles/available-updates.ts';
import type { deprecateArtifact, registerArtifact, withdrawArtifact } from '../domain/artifact/commands.ts';
import type { Signature } from '../domain/artifact/events.ts';
import type { Rejection } from '../domain/shared/decider.ts';
import type { VehicleCommand } from '../domain/vehicle/commands.ts';
import type { Ecu, VehicleDescription } from '../domain/vehicle/events.ts';

export type { ExportedEvent } from '../app/campaigns/campaign-service.ts';

export type Outcome = CommandOutcome<unknown>;
export type Refused = { readonly ok: false; readonly rejection: Rejection };

/** Bytes on their way in. Nothing is recorded unless all of them came and their digest is the declared one. */
export interface Upload {
  readonly fileName: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Declared SHA-256 of the plaintext, lower-case hex. */
  readonly sha256: string;
  /** Declared size in bytes; null when the sender does not know it (chunked). */
  readonly size: number | null;
}

export interface ValidationReport {
  readonly tool: string;
  readonly reportDigest: string | null;
  readonly toolVerdict: 'passed' | 'failed';
  readonly signatures: readonly Signature[];
}

export interface ArtifactApi {
  execute(
    artifactId: string,
    command:
      | z.output<typeof registerArtifact>
      | z.output<typeof deprecateArtifact>
      | z.output<typeof withdrawArtifact>,
    envelope: CommandEnvelope,
  ): Promise<Outcome>;
  upload(artifactId: string, upload: Upload, envelope: CommandEnvelope): Promise<Outcome>;
  /** Runs the server's own checks first. */
  validate(artifactId: string, report: ValidationReport, envelope: CommandEnvelope): Promise<Outcome>;
  release(artifactId: string, signatures: readonly Signature[], envelope: CommandEnvelope): Promise<Outcome>;
  /** Whether a grant's token allows this ciphertext now, its size in bytes, and where it is when it is not here. */
  openContent(
    token: string,
    sha256: string,
  ): Promise<{ readonly ok: true; readonly size: number; readonly link?: string } | Refused>;
  /** Ciphertext bytes `start..end` (inclusive). */
  readContent(
    sha256: string,
    range: { readonly start: number; readonly end: number },
  ): AsyncIterable<Uint8Array>;
}

/** One vehicle as it is registered: by PUT, or as a row of an import. */
export interface VehicleInput {
  readonly vin: string;
  readonly description: VehicleDescription;
  readonly ecus?: readonly Ecu[];
}

export interface Credential {
  readonly vehicleId: string;
  readonly username: string;
  readonly password: string;
  readonly generation: number;
}

export type VehicleHttpCommand = Exclude<
  VehicleCommand,
  { type: 'RegisterVehicle' | 'OpenTcuEpoch' | 'IssueCredential' }
>;

export interface VehicleApi {
  /** The vehicle id of a VIN or id; null when there is no such vehicle. */
  resolve(vinOrId: string): Promise<string | null>;
  /** The VIN, also where the log holds it sealed; null when it was erased. */
  vinOf(vehicleId: string): Promise<string | null>;
  /** Registers, or describes anew when the vehicle exists. */
  put(input: VehicleInput, envelope: CommandEnvelope): Promise<{ vehicleId: string; outcome: Outcome }>;
  /** Released artifacts for its ECUs, compatible or not, with reasons. */
  availableUpdates(vehicleId: string): Promise<readonly AvailableUpdate[]>;
  execute(vehicleId: string, command: VehicleHttpCommand, envelope: CommandEnvelope): Promise<Outcome>;
  /** One result per row, in order. Durable when resolved. */
  importRows(rows: readonly VehicleInput[], envelope: CommandEnvelope): Promise<readonly ImportResult[]>;
  /** Issues a new credential; the old one ends. */
  issueCredential(
    vehicleId: string,
    envelope: CommandEnvelope,
  ): Promise<{ outcome: Outcome; credential: Credential | null }>;
  /** The current credential of each, issued where there is none. */
  credentials(
    vehicleIds: readonly string[],
    envelope: CommandEnvelope,
  ): Promise<{ readonly ok: true; readonly credentials: readonly Credential[] } | Refused>;
}

export type ImportResult =
  | { readonly ok: true; readonly vehicleId: string }
  | { readonly ok: false; readonly rejection: Rejection };

export interface CampaignApi {
  execute(campaignId: string, command: PersonsCommand, envelope: CommandEnvelope): Promise<Outcome>;
  /** Resolves with true when the planner has frozen (or failed to freeze) the newest targeting, false after the timeout. */
  waitForTargets(campaignId: string, timeout_ms: number): Promise<boolean>;
  /** Shards that have not halted yet since the campaign was paused or aborted; waits for them up to the timeout (DESIGN §4.5). */
  waitForHalt(campaignId: string): Promise<{ readonly missing: readonly number[] }>;
  /** Every event of a campaign in log order, or those of a part of the log; null when there is no such campaign. */
  events(
    campaignId: string,
    within?: { readonly after?: Position; readonly until?: Position },
  ): Promise<AsyncIterable<readonly ExportedEvent[]> | null>;
  /** The decisions of a campaign (its own stream), oldest first; null when there is no such campaign. */
  history(campaignId: string): Promise<readonly ExportedEvent[] | null>;
}

export interface FleetApi {
  execute(command: EmergencyCommand, envelope: CommandEnvelope): Promise<Outcome>;
  /** Shards that have not halted for the emergency stop in force; waits for them up to the timeout (DESIGN §4.5). */
  waitForHalt(): Promise<FleetHaltReport>;
  emergency(): Promise<EmergencyStatus>;
}

export interface TargetingApi {
  /** Refuses with `invalid-query` and `details.at` (character, from 0) for a query that can't be parsed. */
  preview(
    query: string,
    artifactIds: readonly string[],
  ): Promise<({ readonly ok: true } & TargetingCount) | Refused>;
  /** Those of the lists that the vehicle is in; a list that there is not has nobody. */
  listsWith(vehicleId: string, listIds: readonly string[]): Promise<readonly string[]>;
  /** Replaces a list that queries name as `vehicle=in=list:{id}`. */
  putList(
    listId: string,
    vehicles: readonly string[],
    envelope: CommandEnvelope,
  ): Promise<{ readonly ok: true; readonly vehicles: number } | Refused>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

export interface ApiServices {
  readonly artifacts: ArtifactApi;
  /** Uploads in several requests. */
  readonly uploads: ResumableUploads;
  readonly vehicles: VehicleApi;
  readonly campaigns: CampaignApi;
  readonly fleet: FleetApi;
  readonly targeting: TargetingApi;
  readonly evidence: EvidenceService;
  readonly access: AccessService;
  /** Who is signed in to the dashboard. */
  readonly sessions: Sessions;
  /** Public keys that manifests are signed with. */
  readonly signingKeys: KeyRegistry;
  readonly reader: ReadModelReader;
  /** History as it was recorded; nothing can be written through it. */
  readonly log: Pick<EventStore, 'readAll' | 'readStream'>;
  /** Ephemeral: who is connected now. */
  readonly presence: {
    onlineCount(): number;
    isOnline(vehicleId: string): boolean;
    /** Connected now, or heard of within 15 minutes before `now` (milliseconds since 1970). */
    active(now: number): readonly string[];
  };
  readonly clock: Clock;
  readonly metrics: Registry;
  /** Position of the newest event. */
  head(): Promise<Position>;
  /** False when the read models are not there after the timeout. */
  waitForPosition(position: Position, timeout_ms: number): Promise<boolean>;
  /** Calls back after read models have moved; returns the way to stop. */
  onReadModelsMoved(listener: () => void): () => void;
  readiness(): Promise<Readiness>;
}

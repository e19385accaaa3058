/** Everything that callers can do with vehicles. */
import type { ArtifactFacts } from '../../domain/artifact/compatibility.ts';
import { sameData } from '../../domain/shared/canonical.ts';
import { vehicleId as vehicleIdSchema } from '../../domain/shared/ids.ts';
import { vehicleStream } from '../../domain/shared/streams.ts';
import type { VehicleCommand } from '../../domain/vehicle/commands.ts';
import { vehicleDecider } from '../../domain/vehicle/decide.ts';
import type { VehicleState } from '../../domain/vehicle/state.ts';
import {
  type CommandEnvelope,
  type CommandOutcome,
  createUnread,
  handleCommand,
  loadStream,
  type Runtime,
} from '../handle-command.ts';
import type { KeyRing } from '../ports.ts';
import { type AvailableUpdate, availableUpdates } from './available-updates.ts';
import { type Credential, type Credentials, credentialsFor, issueCredential } from './credentials.ts';
import { type VehicleIdentity, vehicleIdOf } from './identity.ts';
import { type ImportResult, importRows, registration, type VehicleInput } from './import.ts';

export type VehicleOutcome = CommandOutcome<VehicleState>;
/** Commands on a vehicle that is there. Credentials are issued by methods of their own. */
export type SingleVehicleCommand = Exclude<VehicleCommand, { type: 'RegisterVehicle' | 'IssueCredential' }>;

export interface VehicleServiceDeps {
  readonly runtime: Runtime;
  readonly identity: VehicleIdentity;
  readonly fleetSecrets: KeyRing;
  /** Every artifact that campaigns may use now. */
  readonly releasedArtifacts: () => Promise<readonly ArtifactFacts[]>;
}

export interface VehicleService {
  /** The vehicle id of a VIN or id; null when there is no such vehicle. */
  resolve(vinOrId: string): Promise<string | null>;
  /** The VIN, or null when it was erased or there is no such vehicle. */
  vinOf(vehicleId: string): Promise<string | null>;
  /** Registers, or describes anew when the vehicle exists. Its ECUs change by inventory only. */
  put(
    input: VehicleInput,
    envelope: CommandEnvelope,
  ): Promise<{ vehicleId: string; outcome: VehicleOutcome }>;
  execute(
    vehicleId: string,
    command: SingleVehicleCommand,
    envelope: CommandEnvelope,
  ): Promise<VehicleOutcome>;
  /** One result per row, in order; durable when resolved. */
  importRows(rows: readonly VehicleInput[], envelope: CommandEnvelope): Promise<readonly ImportResult[]>;
  /** Released artifacts for its ECUs, compatible or not, with reasons; none for an unknown vehicle. */
  availableUpdates(vehicleId: string): Promise<readonly AvailableUpdate[]>;
  /** Issues a new credential; the one before ends. */
  issueCredential(
    vehicleId: string,
    envelope: CommandEnvelope,
  ): Promise<{ outcome: VehicleOutcome; credential: Credential | null }>;
  /** The current credential of each, by VIN or id, issued where there is none. */
  credentials(vinsOrIds: readonly string[], envelope: CommandEnvelope): Promise<Credentials>;
}

export function createVehicleService(deps: VehicleServiceDeps): VehicleService {
  const { runtime, identity } = deps;
  const load = async (vehicleId: string): Promise<VehicleState> =>
    (await loadStream(runtime.store, vehicleStream(vehicleId), vehicleDecider)).state;

  return {
    resolve: async (vinOrId) => {
      const vehicleId = vehicleIdOf(identity, vinOrId);
      if (!vehicleIdSchema.safeParse(vehicleId).success) return null;
      for await (const events of runtime.store.readStream(vehicleStream(vehicleId), { limit: 1 }))
        if (events.length > 0) return vehicleId;
      return null;
    },
    vinOf: async (vehicleId) => {
      const state = await load(vehicleId);
      return state.stage === 'none' ? null : identity.reveal(state.vin);
    },
    put: (input, envelope) => put(deps, input, envelope),
    execute: (vehicleId, command, envelope) =>
      handleCommand(runtime, vehicleStream(vehicleId), vehicleDecider, command, envelope, {}),
    importRows: (rows, envelope) => importRows(runtime, identity, rows, envelope),
    availableUpdates: async (vehicleId) => {
      const state = await load(vehicleId);
      return state.stage === 'none' ? [] : availableUpdates(state, await deps.releasedArtifacts());
    },
    issueCredential: (vehicleId, envelope) => issueCredential(deps, vehicleId, envelope),
    credentials: (vinsOrIds, envelope) => {
      const vehicleIds = vinsOrIds.map((vinOrId) => vehicleIdOf(identity, vinOrId));
      return credentialsFor(deps, vehicleIds, envelope);
    },
  };
}

/**
 * The wanted state of a vehicle. Where it exists, a repeat describes it as the caller says, also back to what it
 * was at first; ECUs other than the first or the current ones are refused, because only a report changes them.
 */
async function put(
  { runtime, identity }: VehicleServiceDeps,
  input: VehicleInput,
  envelope: CommandEnvelope,
): Promise<{ vehicleId: string; outcome: VehicleOutcome }> {
  const register = registration(identity, input);
  const { vehicleId } = register;
  const stream = vehicleStream(vehicleId);
  const created = await createUnread(runtime, stream, vehicleDecider, register, envelope, {});
  if (created !== null) return { vehicleId, outcome: created };
  const { state } = await loadStream(runtime.store, stream, vehicleDecider);
  const known =
    state.stage === 'in-use' &&
    (input.ecus === undefined || sameData(input.ecus, state.ecus) || sameData(input.ecus, state.first.ecus));
  const command: VehicleCommand = known
    ? { type: 'DescribeVehicle', description: input.description }
    : register;
  const outcome = await handleCommand(runtime, stream, vehicleDecider, command, envelope, {});
  return { vehicleId, outcome };
}

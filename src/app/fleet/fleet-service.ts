/** What holds for the whole fleet, for people: the emergency stop (DESIGN §4.5). */
import type { FleetCommand } from '../../domain/fleet/commands.ts';
import { fleetDecider } from '../../domain/fleet/decide.ts';
import type { FleetState } from '../../domain/fleet/state.ts';
import { FLEET_STREAM } from '../../domain/shared/streams.ts';
import { type CommandEnvelope, type CommandOutcome, handleCommand, type Runtime } from '../handle-command.ts';
import type { Clock } from '../ports.ts';
import { type FleetHaltReport, readEmergency, waitForFleetHalt } from './fleet-halt.ts';

export type EmergencyCommand = Extract<FleetCommand, { type: 'StopEmergency' | 'LiftEmergency' }>;

export interface FleetServiceDeps {
  readonly clock: Clock;
  /** How long a stop waits for the shards, milliseconds; default 5000. */
  readonly haltTimeout_ms?: number;
}

/** Whether nothing may be offered or granted. */
export interface EmergencyStatus {
  readonly active: boolean;
  /** Null when there is none, or a newer version of Fleetwave wrote what this one can't read. */
  readonly reason: string | null;
  /** ISO 8601 UTC with milliseconds. */
  readonly since: string | null;
}

export type FleetService = ReturnType<typeof createFleetService>;

export function createFleetService(runtime: Runtime, { clock, haltTimeout_ms = 5000 }: FleetServiceDeps) {
  const { store } = runtime;
  return {
    execute: (command: EmergencyCommand, envelope: CommandEnvelope): Promise<CommandOutcome<FleetState>> =>
      handleCommand(runtime, FLEET_STREAM, fleetDecider, command, envelope, {}),
    /** Shards that have not confirmed the stop in force, after waiting for them. */
    waitForHalt: (): Promise<FleetHaltReport> => waitForFleetHalt(store, clock, haltTimeout_ms),
    /** As the log says now. */
    async emergency(): Promise<EmergencyStatus> {
      const { stop, newer } = await readEmergency(store);
      // What can't be read could be a stop, and is taken for one wherever something would be offered.
      return { active: stop !== null || newer, reason: stop?.reason ?? null, since: stop?.since ?? null };
    },
  };
}

/** Every event there is: the registry by which stored events are parsed and upcast. */
import { type AccessEvent, accessEvents } from './access/events.ts';
import { type ArtifactEvent, artifactEvents } from './artifact/events.ts';
import {
  type AllowanceEvent,
  allowanceEvents,
  type CampaignEvent,
  campaignEvents,
  type TargetsEvent,
  targetsEvents,
} from './campaign/events.ts';
import { type DeploymentEvent, deploymentEvents } from './deployment/events.ts';
import { type FleetEvent, fleetEvents } from './fleet/events.ts';
import { type RolloutEvent, rolloutEvents, type ShardEvent, shardEvents } from './rollout/events.ts';
import { type EventDefinition, readAs } from './shared/event.ts';
import { type VehicleEvent, vehicleEvents } from './vehicle/events.ts';
import { type VehicleListEvent, vehicleListEvents } from './vehicle-list/events.ts';

export type DomainEvent =
  | AccessEvent
  | ArtifactEvent
  | AllowanceEvent
  | CampaignEvent
  | TargetsEvent
  | DeploymentEvent
  | FleetEvent
  | RolloutEvent
  | ShardEvent
  | VehicleEvent
  | VehicleListEvent;

export const eventDefinitions: readonly EventDefinition[] = [
  ...accessEvents,
  ...artifactEvents,
  ...allowanceEvents,
  ...campaignEvents,
  ...targetsEvents,
  ...deploymentEvents,
  ...fleetEvents,
  ...rolloutEvents,
  ...shardEvents,
  ...vehicleEvents,
  ...vehicleListEvents,
];

const byType = new Map(eventDefinitions.map((definition) => [definition.type, definition]));

export const schemaVersionOf = (type: DomainEvent['type']): number => byType.get(type)?.schemaVersion ?? 1;

export type ReadEvent =
  | { readonly known: true; readonly event: DomainEvent }
  /** Written by a newer version: projections skip and count it, writers refuse to append to that stream. */
  | { readonly known: false; readonly type: string; readonly schemaVersion: number };

/** Whether this version can read it. */
export function isKnown(type: string, schemaVersion: number): boolean {
  const definition = byType.get(type);
  return definition !== undefined && schemaVersion <= definition.schemaVersion;
}

/**
 * Parses a stored event, bringing data of older versions up to the newest schema.
 * @throws Error when the data of a known type and version does not match its schema: the log is damaged.
 */
export function readEvent(type: string, schemaVersion: number, data: unknown): ReadEvent {
  const definition = byType.get(type);
  if (definition === undefined || schemaVersion > definition.schemaVersion)
    return { known: false, type, schemaVersion };
  return { known: true, event: { type, data: readAs(definition, schemaVersion, data) } as DomainEvent };
}

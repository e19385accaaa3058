/** One thing that was said between a vehicle and us, or done to its record, as a reader of its page sees it. */
import type { RolloutEvent } from '../../../domain/rollout/events.ts';
import type { ReportSource, VehicleEvent } from '../../../domain/vehicle/events.ts';
import type { Position, RecordedEvent } from '../../ports.ts';

/** `record`: a change of what we hold that no message carried, such as a credential that a person issued. */
export const DIRECTIONS = ['from-vehicle', 'to-vehicle', 'set-aside', 'record'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** A type, not an interface, so that it also is a plain record. */
export type VehicleMessage = {
  /** Of the event. */
  readonly id: string;
  readonly position: Position;
  readonly direction: Direction;
  /** Type of the event. */
  readonly type: string;
  /** When it was recorded, by the clock of who recorded it. */
  readonly at: string;
  /** When the broker got it; null where no message came, or where that was not recorded. */
  readonly receivedAt: string | null;
  /** The vehicle's own numbering and clock; null where no message came or it could not be read. */
  readonly report: ReportSource | null;
  readonly campaignId: string | null;
  readonly by: { readonly kind: string; readonly id: string };
  /** `as-received`: `raw` has the bytes that came. `as-recorded`: accepted messages are kept as events, not byte for byte. */
  readonly rendition: 'as-received' | 'as-recorded';
  /** Base64; null unless `as-received`. */
  readonly raw: string | null;
  readonly data: Readonly<Record<string, unknown>>;
};

type OwnEvent = VehicleEvent | RolloutEvent;

/** Null for what concerns a whole rollout. */
export function directionOf(event: OwnEvent): Direction | null {
  switch (event.type) {
    case 'UpdateAccepted':
    case 'UpdateDeclined':
    case 'UpdatePostponed':
    case 'DownloadStarted':
    case 'DownloadCompleted':
    case 'InstallStarted':
    case 'UpdateSucceeded':
    case 'UpdateHealthy':
    case 'UpdateReverted':
    case 'UpdateFailed':
    case 'PreconditionUnmet':
    case 'LateOutcomeReported':
    case 'TcuEpochOpened':
      return 'from-vehicle';
    case 'InventoryReported':
      return event.data.report === null ? 'record' : 'from-vehicle';
    case 'UpdateOffered':
      return 'to-vehicle';
    // The offer is missing from the next `update`: that is how a vehicle is told. One that waited had none.
    case 'UpdateTimedOut':
    case 'UpdateCancelled':
    case 'UpdateDisplaced':
    case 'SatisfiedElsewhere':
      return event.data.from === 'waiting' ? 'record' : 'to-vehicle';
    case 'VehicleRegistered':
    case 'VehicleDescribed':
    case 'EcuReplaced':
    case 'CredentialIssued':
    case 'CredentialRevoked':
    case 'ServiceFlagged':
    case 'ServiceCleared':
    case 'VehicleDecommissioned':
      return 'record';
    case 'RolloutTaken':
    case 'RolloutHalted':
    case 'RolloutResumed':
    case 'RolloutDrained':
      return null;
  }
}

/** An event as it is stored: of another version its content is shown as it was written. */
export function messageOf(
  recorded: RecordedEvent,
  direction: Direction,
  campaignId: string | null,
): VehicleMessage {
  const { id, position, type, metadata } = recorded;
  const data = recorded.data as Readonly<Record<string, unknown>>;
  return {
    id,
    position,
    direction,
    type,
    at: metadata.time,
    receivedAt: (data['receivedAt'] as string | undefined) ?? null,
    report: (data['report'] as ReportSource | null | undefined) ?? null,
    campaignId,
    by: { kind: metadata.actor.kind, id: metadata.actor.id },
    rendition: 'as-recorded',
    raw: null,
    data,
  };
}

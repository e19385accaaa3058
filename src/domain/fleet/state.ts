import type { EventOf } from '../shared/event.ts';
import type { blackoutDatesSet, FleetEvent } from './events.ts';

export type BlackoutDate = EventOf<typeof blackoutDatesSet>['data']['dates'][number];

export interface FleetState {
  /** Why and by whom everything is stopped; null in normal operation. */
  readonly emergency: { readonly reason: string; readonly by: string } | null;
  readonly limits: { readonly offersPerMinute: number | null; readonly maxInFlight: number | null };
  readonly blackouts: readonly BlackoutDate[];
}
export const freeFleet: FleetState = {
  emergency: null,
  limits: { offersPerMinute: null, maxInFlight: null },
  blackouts: [],
};

export function evolveFleet(state: FleetState, event: FleetEvent): FleetState {
  switch (event.type) {
    case 'EmergencyStopped':
      return { ...state, emergency: event.data };
    case 'EmergencyLifted':
      return { ...state, emergency: null };
    case 'FleetLimitsSet': {
      const { offersPerMinute, maxInFlight } = event.data;
      return { ...state, limits: { offersPerMinute, maxInFlight } };
    }
    case 'BlackoutDatesSet':
      return { ...state, blackouts: event.data.dates };
  }
}

/** What holds for the whole fleet: emergency stop, limits over all campaigns, blackout dates. */
import { sameData } from '../shared/canonical.ts';
import { accept, type Decider, type Decision, type DecisionContext, reject } from '../shared/decider.ts';
import type { FleetCommand } from './commands.ts';
import type { FleetEvent } from './events.ts';
import { evolveFleet, type FleetState, freeFleet } from './state.ts';

function decide(state: FleetState, command: FleetCommand, { actor }: DecisionContext): Decision<FleetEvent> {
  const by = actor.id;
  switch (command.type) {
    case 'StopEmergency':
      return state.emergency === null
        ? accept({ type: 'EmergencyStopped', data: { reason: command.reason, by } })
        : accept();
    case 'LiftEmergency':
      return state.emergency === null
        ? accept()
        : accept({ type: 'EmergencyLifted', data: { reason: command.reason, by } });
    case 'SetFleetLimits': {
      const { offersPerMinute, maxInFlight } = command;
      const limits = { offersPerMinute, maxInFlight };
      return sameData(state.limits, limits)
        ? accept()
        : accept({ type: 'FleetLimitsSet', data: { ...limits, by } });
    }
    case 'SetBlackoutDates': {
      const wrong = command.dates.findIndex(({ from, to }) => to < from);
      if (wrong >= 0)
        return reject(
          'invalid-dates',
          `dates.${wrong} ends before it begins`,
          'Set `to` to `from` or later.',
          {
            path: `dates.${wrong}.to`,
          },
        );
      return sameData(state.blackouts, command.dates)
        ? accept()
        : accept({ type: 'BlackoutDatesSet', data: { dates: command.dates, by } });
    }
  }
}

export const fleetDecider: Decider<FleetState, FleetCommand, FleetEvent> = {
  initialState: freeFleet,
  decide,
  evolve: evolveFleet,
};

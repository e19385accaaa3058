import { describe } from 'vitest';
import { fleetDecider } from '../../../src/domain/fleet/decide.ts';
import type { FleetEvent } from '../../../src/domain/fleet/events.ts';
import { specify } from '../../support/decider-spec.ts';

const stopped: FleetEvent = { type: 'EmergencyStopped', data: { reason: 'fire', by: 'ada' } };
const lifted: FleetEvent = { type: 'EmergencyLifted', data: { reason: 'out', by: 'ada' } };
const limits = (offersPerMinute: number | null): FleetEvent => ({
  type: 'FleetLimitsSet',
  data: { offersPerMinute, maxInFlight: null, by: 'ada' },
});
const dates = [{ region: 'DE', from: '2027-12-20', to: '2027-12-31', reason: 'holidays' }];

describe('the fleet', () => {
  specify(fleetDecider, [
    { it: 'is stopped', when: { type: 'StopEmergency', reason: 'fire' }, gives: [stopped] },
    {
      it: 'is stopped once',
      given: [stopped],
      when: { type: 'StopEmergency', reason: 'more fire' },
      gives: [],
    },
    { it: 'goes on', given: [stopped], when: { type: 'LiftEmergency', reason: 'out' }, gives: [lifted] },
    {
      it: 'is not lifted when not stopped',
      given: [stopped, lifted],
      when: { type: 'LiftEmergency', reason: 'x' },
      gives: [],
    },
    {
      it: 'has limits',
      given: [limits(100)],
      when: { type: 'SetFleetLimits', offersPerMinute: 200, maxInFlight: null },
      gives: [limits(200)],
    },
    {
      it: 'has no limits to begin with',
      when: { type: 'SetFleetLimits', offersPerMinute: null, maxInFlight: null },
      gives: [],
    },
    {
      it: 'has blackout dates',
      when: { type: 'SetBlackoutDates', dates },
      gives: [{ type: 'BlackoutDatesSet', data: { dates, by: 'ada' } }],
    },
    {
      it: 'has no blackout that ends before it begins',
      when: {
        type: 'SetBlackoutDates',
        dates: [{ region: '*', from: '2027-12-31', to: '2027-12-20', reason: '' }],
      },
      gives: 'invalid-dates',
    },
  ]);
});

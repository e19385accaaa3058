/** How a TCU answers an offer: refuses what is forged or does not fit, asks the driver, or accepts. */
import type { Offer } from '../protocol/messages.ts';
import { aboutOf, type Car, type Job, startJob } from './job.ts';
import type { LedgerLine } from './ledger.ts';
import { type CarState, misfit, unmet } from './verify-offer.ts';

/** What the car measures: parked at home with a good battery. */
const CAR_STATE: CarState = {
  parked: true,
  ignition: 'off',
  'battery-percent': 80,
  'battery-soc': 80,
  'charging-connected': true,
  'network-metered': false,
};

/** @returns the job, when the offer was accepted. `putOff` = the vehicle has put one off already. */
export function answerOffer(car: Car, offer: Offer, putOff: boolean): Job | null {
  const about = aboutOf(offer);
  const refuse = (code: Extract<LedgerLine, { k: 'refused' }>['code'], detail: string): void =>
    car.road.ledger.write({ k: 'refused', vehicleId: car.vehicleId, ...about, code, detail });
  const decline = (code: string): null => {
    car.say('declined', about, { code });
    car.note({ ...about, outcome: 'declined', code });
    return null;
  };
  for (const artifact of offer.artifacts) {
    const forged = car.road.verifier.problem(artifact);
    if (forged !== null) {
      refuse('signature', forged);
      return decline('signature-invalid');
    }
    const wrong = misfit(car.ecus, artifact.manifest);
    if (wrong !== null) {
      refuse('incompatible', wrong.detail);
      return decline(wrong.code);
    }
  }
  const names = unmet(offer.preconditions, CAR_STATE);
  if (names.length > 0) {
    refuse('precondition', names.join(', '));
    car.say('precondition-unmet', about, { names });
    return null;
  }
  if (offer.consentTextKey !== null && car.fate.declines) {
    refuse('consent', offer.consentTextKey);
    return decline('consent-refused');
  }
  if (car.fate.postpones && !putOff) {
    car.say('postponed', about, { until: null });
    return null;
  }
  car.say('accepted', about);
  return startJob(offer);
}

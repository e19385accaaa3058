/** What is left to compare when ledger and events have both been read. */
import { type Book, type Message, OUTCOMES, softwareKey, type VehicleBook } from './book.ts';
import type { Collector } from './findings.ts';
import { type Assignment, type Fold, isNewer, nameOf } from './fold.ts';
import { Fields, readRows } from './lines.ts';

/** Messages of campaigns that the export has, receipted, but named by no event. */
export function findLost(book: Book, fold: Fold, findings: Collector): number {
  let receipted = 0;
  for (const vehicle of book.vehicles.values()) {
    for (const message of vehicle.messages.values()) {
      if (!message.receipted) continue;
      receipted++;
      if (message.recorded || message.lost || !fold.campaigns.has(message.campaignId)) continue;
      const assignment = fold.assignments.get(`${message.campaignId}/${vehicle.vehicleId}`);
      if (assignment !== undefined && wasStale(message, assignment, vehicle)) continue;
      message.lost = true;
      findings.found('lost', nameOf(message));
    }
  }
  return receipted;
}

/**
 * A message may be set aside without an event when a newer one of the same assignment was recorded (it came
 * late), when its TCU was exchanged, or when its offer had been ended by the server and it is no outcome: what
 * was installed is always recorded.
 */
function wasStale(message: Message, assignment: Assignment, vehicle: VehicleBook): boolean {
  if (assignment.last !== null && isNewer(assignment.last, message)) return true;
  if (message.epoch < vehicle.epochs.length - 1 && message.gone) return true;
  return message.offer <= assignment.endedOffer && !OUTCOMES.has(message.kind);
}

const SETTLED_BY_REPORT: ReadonlySet<string> = new Set(['succeeded', 'failed', 'reverted', 'declined']);

/** Whether the phase at the end can be true, given what the vehicle did last. */
function agrees(phase: string, outcome: string | undefined): boolean {
  switch (outcome) {
    case 'installed':
      return phase === 'succeeded' || phase === 'satisfied';
    case 'failed':
    case 'reverted':
    case 'declined':
      return phase === outcome || (!SETTLED_BY_REPORT.has(phase) && phase !== 'satisfied');
    default:
      return !SETTLED_BY_REPORT.has(phase);
  }
}

/** Compares the end of every assignment, and every grant, with the truth. */
export function compareTruth(book: Book, fold: Fold, findings: Collector): void {
  for (const vehicle of book.vehicles.values()) {
    for (const campaignId of fold.campaigns.keys()) {
      if (!knowsAll(vehicle, campaignId)) continue;
      const truth = vehicle.truths.get(campaignId)?.outcome;
      const assignment = fold.assignments.get(`${campaignId}/${vehicle.vehicleId}`);
      const name = `${vehicle.vehicleId} in ${campaignId}`;
      if (assignment === undefined) {
        if (truth !== undefined) findings.found('wrong', `${name} truly ${truth}, but is no target`);
        continue;
      }
      if (!agrees(assignment.phase, truth))
        findings.found('wrong', `${name} is ${assignment.phase}, truly ${truth ?? 'nothing was done'}`);
      for (const offer of vehicle.granted) {
        const [campaign, number] = offer.split('/');
        if (campaign === campaignId && !assignment.accepted.has(Number(number)))
          findings.found('wrong', `${name} got a grant for offer ${number}, which it has not accepted`);
      }
    }
  }
}

/** False when the server can't know how it ended, or when a lost message is already counted as such. */
function knowsAll(vehicle: VehicleBook, campaignId: string): boolean {
  for (const message of vehicle.messages.values()) {
    if (message.campaignId !== campaignId) continue;
    if (message.lost) return false;
    if (!message.receipted && OUTCOMES.has(message.kind)) return false;
  }
  return true;
}

/**
 * Compares the software that the server knows (one vehicle a line, as `GET /v1/vehicles` gives them) with what
 * the ECUs truly run.
 * @throws Error for a file that can't be read.
 */
export async function compareVehicles(path: string, book: Book, findings: Collector): Promise<void> {
  for await (const { row, at } of readRows(path)) {
    const fields = new Fields(row, at);
    const vehicle = book.vehicles.get(fields.text(fields.has('vehicleId') ? 'vehicleId' : 'id'));
    if (vehicle === undefined || vehicle.software === null || hasOpenInventory(vehicle)) continue;
    for (const ecu of fields.objects('ecus')) {
      for (const component of ecu.objects('components')) {
        const key = softwareKey(ecu.text('type'), ecu.text('position'), component.text('name'));
        const known = component.text('softwareVersion');
        const truly = vehicle.software.get(key);
        if (truly !== known)
          findings.found('wrong', `${vehicle.vehicleId} ${key} is known as ${known}, truly ${truly}`);
      }
    }
  }
}

function hasOpenInventory(vehicle: VehicleBook): boolean {
  for (const message of vehicle.messages.values())
    if (message.kind === 'inventory' && !message.receipted) return true;
  return false;
}

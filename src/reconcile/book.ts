/** The ledger, read into memory: what each vehicle said, was told, and truly did. */
import type { Collector } from './findings.ts';
import { Fields, readRows } from './lines.ts';

export interface Message {
  readonly vehicleId: string;
  /** Place of its epoch among the vehicle's epochs, from 0. */
  readonly epoch: number;
  readonly seq: number;
  readonly kind: string;
  /** Empty for an inventory. */
  readonly campaignId: string;
  readonly offer: number;
  readonly attempt: number;
  receipted: boolean;
  /** An event, or a record that it was set aside, names it. */
  recorded: boolean;
  lost: boolean;
  /** Gone with the TCU that held it. */
  gone: boolean;
}

export interface Truth {
  readonly campaignId: string;
  readonly outcome: string;
}

export interface VehicleBook {
  readonly vehicleId: string;
  /** `tcu#reset`, in the order in which they were used. */
  readonly epochs: string[];
  readonly messages: Map<string, Message>;
  /** Offers (`campaign/offer`) with a grant that is not used up. */
  readonly grants: Set<string>;
  /** All offers ever granted. */
  readonly granted: Set<string>;
  /** Offers whose content was refused as damaged or forged. */
  readonly spoiled: Set<string>;
  readonly truths: Map<string, Truth>;
  software: Map<string, string> | null;
}

export const OUTCOMES: ReadonlySet<string> = new Set(['succeeded', 'failed', 'reverted', 'declined']);

const epochKey = (epoch: Fields): string => `${epoch.text('tcu')}#${epoch.whole('reset')}`;

export class Book {
  readonly vehicles = new Map<string, VehicleBook>();
  messages = 0;
  readonly #findings: Collector;

  constructor(findings: Collector) {
    this.#findings = findings;
  }

  /** The message with that number; null when the vehicle never sent one. */
  find(vehicleId: string, report: Fields): Message | null {
    const vehicle = this.vehicles.get(vehicleId);
    const epoch = vehicle?.epochs.indexOf(epochKey(report.object('epoch'))) ?? -1;
    return vehicle?.messages.get(`${epoch}/${report.whole('seq')}`) ?? null;
  }

  take(row: Fields): void {
    const kind = row.text('k');
    if (kind === 'run' || kind === 'end' || kind === 'cut-off') return;
    const vehicle = this.#vehicle(row.text('vehicleId'));
    switch (kind) {
      case 'vehicle':
        this.#epoch(vehicle, epochKey(row.object('epoch')));
        break;
      case 'sent':
        this.#sent(vehicle, row);
        break;
      case 'receipt':
        this.#receipt(vehicle, row);
        break;
      case 'grant':
        vehicle.grants.add(offerKey(row));
        vehicle.granted.add(offerKey(row));
        break;
      case 'refused':
        this.#refused(vehicle, row);
        break;
      case 'installed':
        this.#installed(vehicle, offerKey(row));
        break;
      case 'swap':
        this.#swap(vehicle, row);
        break;
      case 'truth':
        this.#truth(vehicle, row);
        break;
      default:
        throw new Error(`the ledger has a line of unknown kind ${kind}: is it of a newer version?`);
    }
  }

  #vehicle(vehicleId: string): VehicleBook {
    const known = this.vehicles.get(vehicleId);
    if (known !== undefined) return known;
    const made: VehicleBook = {
      vehicleId,
      epochs: [],
      messages: new Map(),
      grants: new Set(),
      granted: new Set(),
      spoiled: new Set(),
      truths: new Map(),
      software: null,
    };
    this.vehicles.set(vehicleId, made);
    return made;
  }

  #epoch(vehicle: VehicleBook, key: string): number {
    const known = vehicle.epochs.indexOf(key);
    return known === -1 ? vehicle.epochs.push(key) - 1 : known;
  }

  #sent(vehicle: VehicleBook, row: Fields): void {
    const epoch = this.#epoch(vehicle, epochKey(row.object('epoch')));
    const seq = row.whole('seq');
    const key = `${epoch}/${seq}`;
    if (vehicle.messages.has(key)) return;
    const about = row.has('campaignId');
    this.messages++;
    vehicle.messages.set(key, {
      vehicleId: vehicle.vehicleId,
      epoch,
      seq,
      kind: row.text('kind'),
      campaignId: about ? row.text('campaignId') : '',
      offer: about ? row.whole('offer') : 0,
      attempt: about ? row.whole('attempt') : 0,
      receipted: false,
      recorded: false,
      lost: false,
      gone: false,
    });
  }

  #receipt(vehicle: VehicleBook, row: Fields): void {
    const key = epochKey(row.object('epoch'));
    const epoch = vehicle.epochs.indexOf(key);
    for (const [first, last] of row.ranges('seqs')) {
      for (let seq = first; seq <= last; seq++) {
        const message = vehicle.messages.get(`${epoch}/${seq}`);
        if (message !== undefined) message.receipted = true;
        else this.#findings.found('receiptsForNothing', `${vehicle.vehicleId} ${key} seq ${seq}`);
      }
    }
  }

  #refused(vehicle: VehicleBook, row: Fields): void {
    const code = row.text('code');
    const example = `${vehicle.vehicleId}: ${row.text('detail')}`;
    if (code === 'digest') this.#findings.found('digestFailures', example);
    if (code === 'signature') this.#findings.found('signatureFailures', example);
    if (code === 'digest' || code === 'signature') vehicle.spoiled.add(offerKey(row));
    if (code === 'message') this.#findings.found('wrong', `${vehicle.vehicleId} could not read ${example}`);
  }

  /** One grant is for one installation. */
  #installed({ vehicleId, grants, spoiled }: VehicleBook, offer: string): void {
    if (!grants.delete(offer)) this.#findings.found('ungranted', `${vehicleId} installed ${offer}`);
    if (spoiled.has(offer))
      this.#findings.found('wrong', `${vehicleId} installed ${offer}, whose content it had refused`);
  }

  #swap(vehicle: VehicleBook, row: Fields): void {
    const old = vehicle.epochs.indexOf(epochKey(row.object('from')));
    this.#epoch(vehicle, epochKey(row.object('to')));
    for (const seq of row.list('lost')) {
      const message = vehicle.messages.get(`${old}/${String(seq)}`);
      if (message !== undefined) message.gone = true;
    }
  }

  #truth(vehicle: VehicleBook, row: Fields): void {
    for (const campaign of row.objects('campaigns')) {
      const campaignId = campaign.text('campaignId');
      vehicle.truths.set(campaignId, { campaignId, outcome: campaign.text('outcome') });
    }
    vehicle.software = new Map(
      row
        .objects('software')
        .map((part) => [
          softwareKey(part.text('type'), part.text('position'), part.text('component')),
          part.text('softwareVersion'),
        ]),
    );
  }
}

export const offerKey = (row: Fields): string => `${row.text('campaignId')}/${row.whole('offer')}`;
export const softwareKey = (type: string, position: string, component: string): string =>
  `${type}/${position}/${component}`;

/** @throws Error for a ledger that can't be read. */
export async function readLedger(path: string, findings: Collector): Promise<Book> {
  const book = new Book(findings);
  let ended = false;
  for await (const { row, at } of readRows(path)) {
    ended = row['k'] === 'end';
    book.take(new Fields(row, at));
  }
  if (!ended) findings.found('truncated', `${path} has no line "end": the simulator was killed`);
  return book;
}

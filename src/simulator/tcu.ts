/**
 * A virtual telematics control unit. What would be in its flash survives `reboot`: epoch, seqs, outbox, the job
 * and how far its download got. Everything else is lost with the connection or the power.
 */
import { type Grant, grants, type Offer, type Receipt, receipt, update } from '../protocol/messages.ts';
import { answerOffer } from './answer.ts';
import { type Fate, fateOf } from './fate.ts';
import type { Account } from './fleet-file.ts';
import { advance, type Car, type Job } from './job.ts';
import type { About, InstalledSoftware, Truth } from './ledger.ts';
import { Modem } from './modem.ts';
import { createRandom, hash32, type Random } from './random.ts';
import type { Road } from './road.ts';
import type { Ecus } from './verify-offer.ts';

/** Told to the fleet, which decides who may be connected. */
export interface TcuEvents {
  onReady(tcu: Tcu): void;
  onClosed(tcu: Tcu, why: 'refused' | 'lost'): void;
}

const sameOffer = (a: About, b: About): boolean =>
  a.campaignId === b.campaignId && a.offer === b.offer && a.attempt === b.attempt;

export class Tcu implements Car {
  readonly vehicleId: string;
  readonly fate: Fate;
  readonly random: Random;
  readonly road: Road;
  readonly modem: Modem;
  ecus: Ecus;
  #boot = new AbortController();
  /** Whether the job is being advanced in this boot. */
  #driving = false;
  #job: Job | null = null;
  /** Offers that came and are not answered yet. */
  #open: Offer[] = [];
  /** Highest offer answered, by campaign. */
  readonly #answered = new Map<string, number>();
  /** Highest offer granted, by campaign. */
  readonly #granted = new Map<string, number>();
  readonly #truths = new Map<string, Truth>();
  #putOff = false;
  #swapped = false;
  #stopping = false;

  constructor(account: Account, seed: number, road: Road, events: TcuEvents) {
    const { vehicleId, index } = account;
    this.vehicleId = vehicleId;
    this.fate = fateOf(seed, index, road.rates);
    this.random = createRandom(hash32(seed, index, 'messages'));
    this.road = road;
    this.ecus = account.ecus;
    const epoch = { tcu: `${vehicleId}-${road.run}`, reset: 0 };
    const { random } = this;
    const { clockOffset_ms } = this.fate;
    this.modem = new Modem(
      epoch,
      { account, road, random, clockOffset_ms },
      {
        onReady: () => {
          events.onReady(this);
          this.#drive();
        },
        onMessage: (name, message) => this.#onMessage(name, message),
        onClosed: (why) => events.onClosed(this, why),
      },
    );
    road.ledger.write({ k: 'vehicle', vehicleId, index, epoch, fate: this.fate });
    this.sayInventory();
  }

  /** Whether it has something to do or to say. */
  get busy(): boolean {
    return this.#job !== null || !this.modem.isSilent || this.#open.length > 0;
  }
  /** Whether it has come to an end with some campaign. */
  get settled(): boolean {
    return this.#truths.size > 0;
  }
  /** Whether its last attempt failed or was put off, so that another one may follow soon. */
  get mayTryAgain(): boolean {
    if (this.#putOff && this.#truths.size === 0) return true;
    for (const { outcome } of this.#truths.values()) if (outcome === 'failed') return true;
    return false;
  }
  /** Takes no new offers; what is under way goes on. */
  stop(): void {
    this.#stopping = true;
    this.#open = [];
  }

  /** Writes down how things truly are, and lets go. */
  finish(): void {
    const software: InstalledSoftware[] = this.ecus.flatMap((ecu) =>
      ecu.components.map(({ name, softwareVersion }) => ({
        type: ecu.type,
        position: ecu.position,
        component: name,
        softwareVersion,
      })),
    );
    const campaigns = [...this.#truths.values()];
    const { unreceipted } = this.modem;
    this.road.ledger.write({ k: 'truth', vehicleId: this.vehicleId, campaigns, software, unreceipted });
    this.#boot.abort();
    this.modem.hangUp();
  }

  say(kind: string, about: About, more: object = {}): void {
    this.modem.send('feedback', kind, about, { ...about, kind, ...more });
  }

  sayInventory(): void {
    this.modem.send('inventory', 'inventory', null, { ecus: this.ecus });
  }

  /** A refusal after an attempt does not undo what the attempt came to. */
  note(truth: Truth): void {
    if (truth.outcome === 'declined' && this.#truths.has(truth.campaignId)) return;
    this.#truths.set(truth.campaignId, truth);
  }

  reboot(): void {
    this.#interrupt();
    this.#open = [];
    this.modem.drop();
  }

  askAgain(): void {
    this.modem.drop();
  }

  swap(): boolean {
    const { swap } = this.fate;
    if (this.#swapped || swap === null) return false;
    this.#swapped = true;
    const from = this.modem.epoch;
    const to =
      swap.kind === 'reset' ? { ...from, reset: from.reset + 1 } : { tcu: `${from.tcu}-2`, reset: 0 };
    const lost = this.modem.unreceipted;
    this.road.ledger.write({ k: 'swap', vehicleId: this.vehicleId, from, to, lost });
    this.modem.drop();
    this.modem.beginEpoch(to);
    this.#job = null;
    this.#answered.clear();
    this.#granted.clear();
    this.sayInventory();
    this.reboot();
    return true;
  }

  /** Ends what is running; `#drive` begins it again from what is in flash. */
  #interrupt(): void {
    this.#boot.abort();
    this.#boot = new AbortController();
    this.#driving = false;
  }

  #onMessage(name: 'update' | 'grant' | 'receipt', message: unknown): void {
    if (name === 'update') this.#onUpdate(update.parse(message).offers);
    else if (name === 'grant') this.#onGrants(grants.parse(message).grants);
    else this.#onReceipt(receipt.parse(message));
  }

  #onReceipt({ epoch, seqs }: Receipt): void {
    this.road.ledger.write({ k: 'receipt', vehicleId: this.vehicleId, epoch, seqs });
    this.modem.settle({ v: 1, epoch, seqs });
  }

  #onUpdate(offers: Offer[]): void {
    const job = this.#job;
    const cancelled = job !== null && !offers.some((offer) => sameOffer(offer, job.about));
    if (cancelled && job.stage !== 'installing' && job.stage !== 'installed') {
      this.#job = null;
      this.#interrupt();
      // A broker may have brought an old message back: an offer that is listed again is taken up again.
      this.#answered.set(job.about.campaignId, job.about.offer - 1);
    }
    if (this.#stopping) return;
    this.#open = offers.filter(({ campaignId, offer }) => offer > (this.#answered.get(campaignId) ?? 0));
    this.#drive();
  }

  #onGrants(given: Grant[]): void {
    for (const grant of given) {
      const { campaignId, offer, attempt } = grant;
      if (this.#granted.get(campaignId) !== offer) {
        this.#granted.set(campaignId, offer);
        const { vehicleId } = this;
        this.road.ledger.write({ k: 'grant', vehicleId, campaignId, offer, attempt });
      }
      if (this.#job !== null && this.#job.grant === null && sameOffer(grant, this.#job.about))
        this.#job.grant = grant;
    }
    this.#drive();
  }

  /** Goes on with the job, or begins the next one that is open. */
  #drive(): void {
    if (this.#driving) return;
    while (this.#job === null) {
      const offer = this.#open.shift();
      if (offer === undefined) return;
      this.#answered.set(offer.campaignId, offer.offer);
      this.#job = answerOffer(this, offer, this.#putOff);
      this.#putOff ||= this.#job === null && this.fate.postpones;
    }
    const job = this.#job;
    const boot = this.#boot;
    this.#driving = true;
    void advance(this, job, boot.signal).then(
      (ended) => {
        if (boot !== this.#boot || job !== this.#job) return;
        this.#driving = false;
        if (ended) this.#job = null;
        if (ended || job.grant !== null) this.#drive();
      },
      (error: unknown) => {
        if (!boot.signal.aborted) throw error;
      },
    );
  }
}

/**
 * Decides which vehicles are on the network. At most `connections` at one time: cars sleep, and so do these
 * when others wait for a place. Whoever has something to do or to say goes first.
 */
import type { Account } from './fleet-file.ts';
import type { Road } from './road.ts';
import { Tcu } from './tcu.ts';

export interface FleetOptions {
  readonly seed: number;
  /** Vehicles connected at one time. */
  readonly connections: number;
  /** After which time without a receipt a message is sent again, milliseconds. */
  readonly resendAfter_ms: number;
}

export interface FleetCounts {
  readonly vehicles: number;
  readonly connected: number;
  /** Connections opened so far. */
  readonly opened: number;
  readonly busy: number;
  readonly settled: number;
  /** Vehicles that gave up because their credential is refused. */
  readonly cutOff: number;
  readonly unreceipted: number;
}

/** Connections that are being opened at one time. */
const MAX_OPENING = 100;
const TICK_MS = 50;
const SWEEP_MS = 1000;
/** How long a vehicle without work stays when others wait, and one that failed and may be offered a new attempt. */
const LINGER_MS = 250;
const RETRY_LINGER_MS = 3000;
/** Sleeping vehicles that wake up a second to see what is new: the longer the list, the longer they sleep. */
const WAKES_PER_S = 500;
const SETTLED_WAKES_PER_S = 50;
const NAP_MS = [1000, 60_000] as const;
const SETTLED_NAP_MS = [10_000, 600_000] as const;
const RETRY_MS = [150, 300, 600, 1200, 2400, 5000];
/** A credential that is refused so often is not tried again. */
const MAX_REFUSALS = 5;
const PING_AFTER_MS = 25_000;

interface Nap {
  readonly tcu: Tcu;
  readonly until: number;
}

function sleepOn(
  naps: Nap[],
  tcu: Tcu,
  now: number,
  wakesPerSecond: number,
  [least, most]: readonly [number, number],
): void {
  const nap_ms = Math.min(most, Math.max(least, (naps.length / wakesPerSecond) * 1000));
  naps.push({ tcu, until: now + nap_ms });
}

export class Fleet {
  readonly tcus: readonly Tcu[];
  readonly #options: FleetOptions;
  readonly #road: Road;
  readonly #opening = new Set<Tcu>();
  /** Connected, with the time since when; in the order in which they came. */
  readonly #open = new Map<Tcu, number>();
  readonly #urgent = new Set<Tcu>();
  readonly #idle = new Set<Tcu>();
  /** Sleeping ones, about in the order of `until`: those who may be offered something, and those who are done. */
  readonly #naps: Nap[] = [];
  readonly #settledNaps: Nap[] = [];
  /** Times in a row that the connection, or the credential, failed. */
  readonly #failures = new Map<Tcu, number>();
  readonly #refusals = new Map<Tcu, number>();
  #opened = 0;
  #lastSweep = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(accounts: readonly Account[], road: Road, options: FleetOptions) {
    this.#road = road;
    this.#options = options;
    const events = {
      onReady: (tcu: Tcu) => this.#onReady(tcu),
      onClosed: (tcu: Tcu, why: 'refused' | 'lost') => this.#onClosed(tcu, why),
    };
    this.tcus = accounts.map((account) => new Tcu(account, options.seed, road, events));
    for (const tcu of this.tcus) this.#idle.add(tcu);
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(Date.now()), TICK_MS);
    this.#tick(Date.now());
  }

  counts(): FleetCounts {
    let [busy, settled, unreceipted, cutOff] = [0, 0, 0, 0];
    for (const tcu of this.tcus) {
      if (tcu.busy) busy++;
      if (tcu.settled) settled++;
      if (this.#isCutOff(tcu)) cutOff++;
      unreceipted += tcu.modem.unreceipted.length;
    }
    const [connected, opened] = [this.#open.size, this.#opened];
    return { vehicles: this.tcus.length, connected, opened, busy, settled, cutOff, unreceipted };
  }

  /** Takes no new offers; waits at most `grace_ms` until everything under way is done and receipted. */
  async drain(grace_ms: number): Promise<void> {
    for (const tcu of this.tcus) tcu.stop();
    const end = Date.now() + grace_ms;
    while (Date.now() < end && this.tcus.some((tcu) => tcu.busy && !this.#isCutOff(tcu)))
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }

  /** Writes the truth of every vehicle and ends all connections. @returns messages that were never receipted. */
  finish(): number {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const { unreceipted } = this.counts();
    this.#opening.clear();
    this.#open.clear();
    for (const tcu of this.tcus) tcu.finish();
    return unreceipted;
  }

  #isCutOff(tcu: Tcu): boolean {
    return (this.#refusals.get(tcu) ?? 0) >= MAX_REFUSALS;
  }

  #tick(now: number): void {
    this.#wakeUp(this.#naps, now);
    this.#wakeUp(this.#settledNaps, now);
    this.#makePlaces(now);
    this.#fillPlaces();
    if (now - this.#lastSweep < SWEEP_MS) return;
    this.#lastSweep = now;
    for (const tcu of this.#open.keys()) {
      tcu.modem.resend(now, this.#options.resendAfter_ms);
      if (now - tcu.modem.lastActive > PING_AFTER_MS) {
        tcu.modem.lastActive = now;
        tcu.modem.ping();
      }
    }
    this.#road.ledger.flush();
  }

  #queue(tcu: Tcu): void {
    (tcu.busy ? this.#urgent : this.#idle).add(tcu);
  }

  #wakeUp(naps: Nap[], now: number): void {
    const awake = naps.findIndex(({ until }) => until > now);
    for (const { tcu } of naps.splice(0, awake === -1 ? naps.length : awake)) this.#queue(tcu);
  }

  #fillPlaces(): void {
    for (const queue of [this.#urgent, this.#idle]) {
      for (const tcu of queue) {
        if (this.#freePlaces() <= 0 || this.#opening.size >= MAX_OPENING) return;
        queue.delete(tcu);
        this.#opening.add(tcu);
        this.#opened++;
        tcu.modem.connect();
      }
    }
  }

  #freePlaces = (): number => this.#options.connections - this.#open.size - this.#opening.size;

  /** Idle vehicles make room for those who wait; nobody has to leave while places are free. */
  #makePlaces(now: number): void {
    let wanted = Math.min(MAX_OPENING, this.#urgent.size + this.#idle.size) - this.#freePlaces();
    if (wanted <= 0) return;
    for (const [tcu, since] of this.#open) {
      if (tcu.busy || now - since < LINGER_MS) continue;
      if (tcu.mayTryAgain && now - tcu.modem.lastActive < RETRY_LINGER_MS) continue;
      this.#open.delete(tcu);
      tcu.modem.hangUp();
      if (tcu.settled && !tcu.mayTryAgain)
        sleepOn(this.#settledNaps, tcu, now, SETTLED_WAKES_PER_S, SETTLED_NAP_MS);
      else sleepOn(this.#naps, tcu, now, WAKES_PER_S, NAP_MS);
      if (--wanted <= 0) return;
    }
  }

  #onReady(tcu: Tcu): void {
    this.#opening.delete(tcu);
    this.#open.set(tcu, Date.now());
    this.#failures.delete(tcu);
  }

  #onClosed(tcu: Tcu, why: 'refused' | 'lost'): void {
    const wasOpen = this.#open.delete(tcu);
    const wasOpening = this.#opening.delete(tcu);
    /** It was sent to sleep and has hung up. */
    if (!wasOpen && !wasOpening) return;
    if (why === 'refused') {
      this.#refusals.set(tcu, (this.#refusals.get(tcu) ?? 0) + 1);
      if (this.#isCutOff(tcu)) {
        this.#road.ledger.write({ k: 'cut-off', vehicleId: tcu.vehicleId, why: 'credential refused' });
        return;
      }
    }
    const failures = this.#failures.get(tcu) ?? 0;
    this.#failures.set(tcu, failures + 1);
    const pause_ms = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
    setTimeout(
      () => {
        if (this.#timer !== null) this.#queue(tcu);
      },
      pause_ms * (0.5 + tcu.random()),
    );
  }
}

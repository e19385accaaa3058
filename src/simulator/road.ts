/** What all vehicles of a fleet share: the way to the server, the ledger, and how rough the day is. */
import type { Offer } from '../protocol/messages.ts';
import type { Rates } from './fate.ts';
import type { Agents } from './http-get.ts';
import type { Ledger } from './ledger.ts';
import type { Broker } from './options.ts';
import type { Semaphore } from './semaphore.ts';
import type { SignatureVerifier } from './verify-offer.ts';

/** What is to be broken on purpose. */
export interface Sabotage {
  /** Damage one piece of one download; false again when that is done. */
  flip: boolean;
  /** Remember the first trigger that was acted on, to bring it back when all is over. */
  readonly keepTrigger: boolean;
  oldTrigger: { readonly vehicleId: string; readonly offer: Offer } | null;
}

export interface Road {
  /**
   * Part of every TCU serial: a TCU of an earlier run would be known to the server, with seqs that are used up.
   * Letters and digits, at most 8.
   */
  readonly run: string;
  readonly broker: Broker;
  readonly ledger: Ledger;
  readonly verifier: SignatureVerifier;
  readonly agents: Agents;
  /** Downloads under way at one time. */
  readonly downloads: Semaphore;
  readonly rates: Rates;
  /** How long an installation takes at least and at most, milliseconds. */
  readonly install_ms: readonly [number, number];
  readonly sabotage: Sabotage;
}

/** What all vehicles of a fleet share: the way to the server, the ledger, and how rough the day is. */
import type { Agent } from 'node:http';
import type { Rates } from './fate.ts';
import type { Ledger } from './ledger.ts';
import type { Semaphore } from './semaphore.ts';
import type { SignatureVerifier } from './verify-offer.ts';

export interface Road {
  readonly broker: { readonly host: string; readonly port: number };
  readonly ledger: Ledger;
  readonly verifier: SignatureVerifier;
  readonly agent: Agent;
  /** Downloads under way at one time. */
  readonly downloads: Semaphore;
  readonly rates: Rates;
  /** How long an installation takes at least and at most, milliseconds. */
  readonly install_ms: readonly [number, number];
  /** Damages one piece of one download, then is null. */
  readonly sabotage: { flip: boolean };
}

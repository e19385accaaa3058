/**
 * The ledger: what the simulated fleet truly did, one JSON object per line, in the order in which it happened.
 * Written in blocks; whole on disk after `close` (which the simulator also reaches on SIGTERM).
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Epoch } from '../protocol/messages.ts';
import type { Fate } from './fate.ts';

export interface About {
  readonly campaignId: string;
  readonly offer: number;
  readonly attempt: number;
}

/** How a vehicle's part in a campaign truly ended. */
export interface Truth extends About {
  readonly outcome: 'installed' | 'failed' | 'declined' | 'reverted';
  readonly code: string;
}

export interface InstalledSoftware {
  readonly type: string;
  readonly position: string;
  readonly component: string;
  readonly softwareVersion: string;
}

export type LedgerLine =
  | {
      readonly k: 'run';
      readonly v: 1;
      readonly seed: number;
      readonly vehicles: number;
      readonly at: string;
    }
  | {
      readonly k: 'vehicle';
      readonly vehicleId: string;
      readonly index: number;
      readonly epoch: Epoch;
      readonly fate: Fate;
    }
  /** One line per copy that went out; written before the bytes. */
  | ({
      readonly k: 'sent';
      readonly vehicleId: string;
      readonly epoch: Epoch;
      readonly seq: number;
      readonly channel: 'feedback' | 'inventory';
      readonly kind: string;
      /** 1 for the first copy. */
      readonly copy: number;
    } & Partial<About>)
  | {
      readonly k: 'receipt';
      readonly vehicleId: string;
      readonly epoch: Epoch;
      readonly seqs: readonly (readonly [number, number])[];
    }
  | ({ readonly k: 'grant'; readonly vehicleId: string } & About)
  | ({
      readonly k: 'refused';
      readonly vehicleId: string;
      /** `digest` and `signature` are what damaged or forged content looks like. */
      readonly code: 'digest' | 'signature' | 'incompatible' | 'precondition' | 'consent' | 'message';
      readonly detail: string;
    } & Partial<About>)
  /** The moment in which the ECUs run the new software. */
  | ({
      readonly k: 'installed';
      readonly vehicleId: string;
      readonly artifacts: readonly string[];
    } & About)
  /** The outbox of the old TCU is gone. */
  | {
      readonly k: 'swap';
      readonly vehicleId: string;
      readonly from: Epoch;
      readonly to: Epoch;
      readonly lost: readonly number[];
    }
  | { readonly k: 'cut-off'; readonly vehicleId: string; readonly why: string }
  | {
      readonly k: 'truth';
      readonly vehicleId: string;
      readonly campaigns: readonly Truth[];
      readonly software: readonly InstalledSoftware[];
      /** Messages that were never receipted. */
      readonly unreceipted: readonly number[];
    }
  /** Without this line the ledger is not whole. */
  | { readonly k: 'end'; readonly vehicles: number; readonly unreceipted: number };

export interface Ledger {
  write(line: LedgerLine): void;
  flush(): void;
  close(): void;
}

const BLOCK_CHARS = 256 * 1024;

/** Opens a new ledger; an existing file is replaced. @throws when the file can't be written. */
export function openLedger(path: string): Ledger {
  const fd = openSync(path, 'w', 0o600);
  let block = '';
  const flush = (): void => {
    let rest = Buffer.from(block);
    block = '';
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  };
  return {
    write(line) {
      block += `${JSON.stringify(line)}\n`;
      if (block.length >= BLOCK_CHARS) flush();
    },
    flush,
    close() {
      flush();
      closeSync(fd);
    },
  };
}

/** For a fleet that nobody will reconcile. */
export const noLedger: Ledger = { write: () => undefined, flush: () => undefined, close: () => undefined };

/** A vehicle's messages that nobody has promised to keep yet (DESIGN §4.1): all survive a restart of the TCU. */
import type { Epoch, Receipt } from '../protocol/messages.ts';
import type { About } from './ledger.ts';

export interface Entry {
  readonly seq: number;
  readonly channel: 'feedback' | 'inventory';
  readonly kind: string;
  readonly about: About | null;
  /** JSON as it goes out, every time the same. */
  readonly payload: string;
  copies: number;
  /** When the last copy went out, milliseconds since 1970; 0 = not in this connection. */
  sentAt: number;
}

export interface Outbox {
  readonly epoch: Epoch;
  readonly size: number;
  /** Takes the next seq of the epoch; `write` makes the message from it. */
  add(
    channel: Entry['channel'],
    kind: string,
    about: About | null,
    write: (epoch: Epoch, seq: number) => unknown,
  ): Entry;
  /** Lets go of what the receipt names. @returns false when it is of another epoch. */
  settle(receipt: Receipt): boolean;
  holds(seq: number): boolean;
  /** In the order of their seqs. */
  entries(): IterableIterator<Entry>;
  seqs(): number[];
}

export function createOutbox(epoch: Epoch): Outbox {
  const kept = new Map<number, Entry>();
  let next = 1;
  return {
    epoch,
    get size() {
      return kept.size;
    },
    add(channel, kind, about, write) {
      const seq = next++;
      const payload = JSON.stringify(write(epoch, seq));
      const entry: Entry = { seq, channel, kind, about, payload, copies: 0, sentAt: 0 };
      kept.set(seq, entry);
      return entry;
    },
    settle(receipt) {
      if (receipt.epoch.tcu !== epoch.tcu || receipt.epoch.reset !== epoch.reset) return false;
      for (const [first, last] of receipt.seqs)
        for (const seq of kept.keys()) if (seq >= first && seq <= last) kept.delete(seq);
      return true;
    },
    holds: (seq) => kept.has(seq),
    entries: () => kept.values(),
    seqs: () => [...kept.keys()],
  };
}

/** The talking half of a TCU: its connection, and the outbox that outlives it. All that goes wrong on air is here. */

import type { Epoch, Receipt } from '../protocol/messages.ts';
import { MAX_MESSAGE_BYTES, parseTopic, topicOf } from '../protocol/topics.ts';
import type { Account } from './fleet-file.ts';
import type { About } from './ledger.ts';
import { type MqttLink, openLink } from './mqtt-link.ts';
import { createOutbox, type Entry, type Outbox } from './outbox.ts';
import type { Random } from './random.ts';
import type { Road } from './road.ts';

export interface ModemHandlers {
  /** Connected, subscribed, and everything in the outbox on its way. */
  onReady(): void;
  /** A message as JSON. An error thrown here is noted as a message that was refused. */
  onMessage(name: 'update' | 'grant' | 'receipt', message: unknown): void;
  onClosed(why: 'refused' | 'lost'): void;
}

export interface ModemOptions {
  readonly account: Account;
  readonly road: Road;
  readonly random: Random;
  /** Added to the real time in what is sent, milliseconds. */
  readonly clockOffset_ms: number;
}

const KEEPALIVE_S = 60;
/** How long a message that is to be overtaken is held back, milliseconds. */
const HELD_BACK_MS = 120;
const DROP_WITHIN_MS = 30;
const MAX_DOUBLINGS = 4;
const ONLINE = '{"v":1,"state":"online"}';
const OFFLINE = '{"v":1,"state":"offline"}';

export class Modem {
  /** Last time something was sent, milliseconds since 1970. */
  lastActive = 0;
  #options: ModemOptions;
  #handlers: ModemHandlers;
  #outbox: Outbox;
  #link: MqttLink | null = null;
  #ready = false;

  constructor(epoch: Epoch, options: ModemOptions, handlers: ModemHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#outbox = createOutbox(epoch);
  }

  get ready(): boolean {
    return this.#ready;
  }
  get epoch(): Epoch {
    return this.#outbox.epoch;
  }
  get unreceipted(): number[] {
    return this.#outbox.seqs();
  }
  get isSilent(): boolean {
    return this.#outbox.size === 0;
  }

  connect(): void {
    const { account, road } = this.#options;
    const topic = (name: Parameters<typeof topicOf>[1]): string => topicOf(account.vehicleId, name);
    const link = openLink(
      {
        ...road.broker,
        clientId: account.vehicleId,
        username: account.username,
        password: account.password,
        keepalive_s: KEEPALIVE_S,
        will: { topic: topic('presence'), payload: OFFLINE },
        topics: [topic('update'), topic('grant'), topic('receipt')],
      },
      {
        onReady: () => this.#onReady(),
        onMessage: (to, payload) => this.#onMessage(to, payload),
        onClosed: (why) => {
          if (this.#link !== link) return;
          this.#link = null;
          this.#ready = false;
          this.#handlers.onClosed(why);
        },
      },
    );
    this.#link = link;
  }

  /** Leaves the network in good order. */
  hangUp(): void {
    this.#ready = false;
    this.#link?.publish(topicOf(this.#options.account.vehicleId, 'presence'), OFFLINE, true);
    this.#link?.close();
  }

  /** Loses the connection. */
  drop(): void {
    this.#link?.destroy();
  }

  ping(): void {
    this.#link?.ping();
  }

  /** A new TCU, or one whose counter was reset, begins with seq 1 and an empty outbox. */
  beginEpoch(epoch: Epoch): void {
    this.#outbox = createOutbox(epoch);
  }

  /** Puts a message into the outbox and sends it when there is a connection. */
  send(channel: Entry['channel'], kind: string, about: About | null, body: object): void {
    const { random, road, clockOffset_ms } = this.#options;
    const sentAt = new Date(Date.now() + clockOffset_ms).toISOString();
    const entry = this.#outbox.add(channel, kind, about, (epoch, seq) => ({
      v: 1,
      epoch,
      seq,
      sentAt,
      ...body,
    }));
    if (!this.#ready) return;
    if (random() >= road.rates.reorder) {
      this.#put(entry);
      return;
    }
    entry.sentAt = Date.now();
    const outbox = this.#outbox;
    setTimeout(() => {
      if (this.#ready && outbox === this.#outbox && entry.copies === 0) this.#put(entry);
    }, HELD_BACK_MS);
  }

  settle(receipt: Receipt): void {
    this.#outbox.settle(receipt);
  }

  /** Sends again what has not been receipted for too long; the wait doubles with every copy. */
  resend(now: number, after_ms: number): void {
    if (!this.#ready) return;
    for (const entry of this.#outbox.entries()) {
      const doublings = Math.min(MAX_DOUBLINGS, Math.max(0, entry.copies - 1));
      if (now - entry.sentAt >= after_ms * 2 ** doublings) this.#put(entry);
    }
  }

  #put(entry: Entry): void {
    const { account, random, road } = this.#options;
    const { vehicleId } = account;
    const { seq, channel, kind, about } = entry;
    const { epoch } = this.#outbox;
    const copies = random() < road.rates.duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const copy = ++entry.copies;
      road.ledger.write({ k: 'sent', vehicleId, epoch, seq, channel, kind, copy, ...about });
      this.#link?.publish(topicOf(vehicleId, channel), entry.payload, false);
    }
    entry.sentAt = Date.now();
    this.lastActive = entry.sentAt;
    if (random() >= road.rates.drop) return;
    const link = this.#link;
    setTimeout(() => link?.destroy(), random() * DROP_WITHIN_MS);
  }

  #onReady(): void {
    this.#ready = true;
    this.lastActive = Date.now();
    this.#link?.publish(topicOf(this.#options.account.vehicleId, 'presence'), ONLINE, true);
    for (const entry of this.#outbox.entries()) this.#put(entry);
    this.#handlers.onReady();
  }

  #onMessage(topic: string, payload: Buffer): void {
    const name = parseTopic(topic)?.name;
    if (name !== 'update' && name !== 'grant' && name !== 'receipt') return;
    try {
      if (payload.length > MAX_MESSAGE_BYTES) throw new Error(`${payload.length} bytes are too many`);
      this.#handlers.onMessage(name, JSON.parse(payload.toString()));
    } catch (error) {
      const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
      const { vehicleId } = this.#options.account;
      this.#options.road.ledger.write({ k: 'refused', vehicleId, code: 'message', detail });
    }
  }
}

/** A vehicle of which the test says every word, over the real `mqtt` client. */
import mqtt, { type MqttClient } from 'mqtt';
import {
  type Epoch,
  type Grant,
  grants,
  type Offer,
  type Receipt,
  receipt,
  update,
} from '../../../src/protocol/messages.ts';
import { parseTopic, topicOf, type UpTopic } from '../../../src/protocol/topics.ts';
import type { Account } from '../../../src/simulator/fleet-file.ts';
import { until, untilTrue } from './wait.ts';

export interface About {
  readonly campaignId: string;
  readonly offer: number;
  readonly attempt: number;
}
export const aboutOf = ({ campaignId, offer, attempt }: About): About => ({ campaignId, offer, attempt });

export class RawVehicle {
  readonly account: Account;
  readonly client: MqttClient;
  epoch: Epoch;
  seq = 0;
  /** Everything that came, in order. */
  readonly updates: Offer[][] = [];
  readonly grants: Grant[] = [];
  readonly receipts: Receipt[] = [];

  private constructor(account: Account, client: MqttClient, epoch: Epoch) {
    this.account = account;
    this.client = client;
    this.epoch = epoch;
    client.on('message', (topic, payload) => this.#take(topic, payload));
    // What ends a connection is looked at through `connected`.
    client.on('error', () => undefined);
  }

  /** Connected and subscribed to its own three topics. @throws Error when the broker refuses. */
  static async connect(broker: string, account: Account, password = account.password): Promise<RawVehicle> {
    const { vehicleId, username } = account;
    const client = await mqtt.connectAsync(broker, {
      clientId: vehicleId,
      username,
      password,
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: 30_000,
    });
    const vehicle = new RawVehicle(account, client, { tcu: `${vehicleId}-T1`, reset: 0 });
    const topics = (['update', 'grant', 'receipt'] as const).map((name) => topicOf(vehicleId, name));
    await client.subscribeAsync(topics, { qos: 1 });
    return vehicle;
  }

  get vehicleId(): string {
    return this.account.vehicleId;
  }
  /** What was open for it when it was told last. */
  get offers(): readonly Offer[] {
    return this.updates.at(-1) ?? [];
  }

  /** Raw bytes to one of its own topics. Resolves with the PUBACK. */
  async publish(name: UpTopic, payload: Uint8Array | string): Promise<void> {
    await this.client.publishAsync(topicOf(this.vehicleId, name), Buffer.from(payload), { qos: 1 });
  }

  /** @returns its seq. Resolves with the PUBACK. */
  async say(kind: string, about: About, more: object = {}, seq = ++this.seq): Promise<number> {
    const message = { v: 1, epoch: this.epoch, seq, sentAt: null, ...about, kind, ...more };
    await this.publish('feedback', JSON.stringify(message));
    return seq;
  }

  async sayInventory(): Promise<number> {
    const seq = ++this.seq;
    const { ecus } = this.account;
    await this.publish('inventory', JSON.stringify({ v: 1, epoch: this.epoch, seq, sentAt: null, ecus }));
    return seq;
  }

  timesReceipted(seq: number, { tcu, reset }: Epoch = this.epoch): number {
    const mine = this.receipts.filter(({ epoch }) => epoch.tcu === tcu && epoch.reset === reset);
    return mine.filter(({ seqs }) => seqs.some(([first, last]) => first <= seq && seq <= last)).length;
  }
  async receipted(seq: number, epoch: Epoch = this.epoch, times = 1): Promise<void> {
    await untilTrue(
      `the receipt for seq ${seq}`,
      () => this.timesReceipted(seq, epoch) >= times || this.#gone(),
    );
  }

  /** The open offer of a number, or a higher one. */
  offered(least = 1): Promise<Offer> {
    return until(`offer ${least} for ${this.vehicleId}`, () => {
      return this.offers.find(({ offer }) => offer >= least) ?? null;
    });
  }
  granted({ offer }: About): Promise<Grant> {
    return until(`the grant for offer ${offer}`, () => {
      return this.grants.find((grant) => grant.offer === offer) ?? null;
    });
  }

  /**
   * Says something with which nothing happens and waits for its acknowledgement: whatever the server sent on this
   * connection before has come by then.
   */
  async roundTrip(): Promise<void> {
    await this.publish('presence', JSON.stringify({ v: 1, state: 'online' }));
  }

  disconnected(): Promise<void> {
    return untilTrue(`${this.vehicleId} to be disconnected`, () => !this.client.connected);
  }
  async close(): Promise<void> {
    await this.client.endAsync(true);
  }

  #gone(): boolean {
    if (this.client.connected) return false;
    throw new Error(`${this.vehicleId} was disconnected`);
  }

  #take(topic: string, payload: Buffer): void {
    const message: unknown = JSON.parse(payload.toString());
    const name = parseTopic(topic)?.name;
    if (name === 'update') this.updates.push(update.parse(message).offers);
    if (name === 'grant') this.grants.push(...grants.parse(message).grants);
    if (name === 'receipt') this.receipts.push(receipt.parse(message));
  }
}

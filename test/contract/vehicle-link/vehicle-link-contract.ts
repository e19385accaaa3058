/** What every vehicle link does for vehicles and for the engine, with whatever broker in between. */
import type { IClientOptions, MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VehicleLink, VehicleLinkHandlers } from '../../../src/app/ports.ts';
import { topicOf, type UpTopic } from '../../../src/protocol/topics.ts';

/** A link under test. V1 and V2 are vehicles with a credential. */
export interface VehicleLinkSubject {
  readonly link: VehicleLink;
  /** Connects as a vehicle with its password, or with another one. */
  connect(vehicleId: string, options?: IClientOptions): Promise<MqttClient>;
  close(): Promise<void>;
}

/** The engine that a link is opened on: what a vehicle is shown is what it was sent last. */
export interface ContractEngine extends Pick<VehicleLinkHandlers, 'deliver' | 'presence' | 'render'> {
  readonly delivered: string[];
  readonly presences: string[];
  onDeliver: (text: string) => Promise<void>;
  shown: ReadonlyMap<string, Uint8Array>;
}

type Record = Parameters<VehicleLinkHandlers['deliver']>[0];

function newEngine(records: Record[]): ContractEngine {
  const engine: ContractEngine = {
    delivered: [],
    presences: [],
    shown: new Map(),
    onDeliver: async () => undefined,
    async deliver(record) {
      const text = Buffer.from(record.payload).toString();
      records.push(record);
      await engine.onDeliver(text);
      engine.delivered.push(`${record.vehicleId} ${record.channel} ${text}`);
    },
    presence: (vehicleId, online) => {
      engine.presences.push(`${vehicleId} ${online ? 'online' : 'offline'}`);
    },
    render: async (vehicleId, topic) => engine.shown.get(`${vehicleId}/${topic}`) ?? null,
  };
  return engine;
}

const ONLINE = '{"v":1,"state":"online"}';
const OFFLINE = '{"v":1,"state":"offline"}';
const POLL_MS = 10;
const PATIENCE_MS = 15_000;

async function eventually(check: () => void): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const down = (vehicleId: string, topic: 'update' | 'grant' | 'receipt', text: string) => ({
  vehicleId,
  topic,
  payload: Buffer.from(text),
});

function received(client: MqttClient): string[] {
  const all: string[] = [];
  client.on('message', (topic, payload) => all.push(`${topic.split('/').slice(2).join('/')} ${payload}`));
  return all;
}

/** @param open Opens a link with nothing before it: no message retained, no session. */
export function vehicleLinkContract(open: (engine: ContractEngine) => Promise<VehicleLinkSubject>): void {
  let subject: VehicleLinkSubject;
  let engine: ContractEngine;
  let records: Record[];
  const clients: MqttClient[] = [];

  beforeEach(async () => {
    records = [];
    engine = newEngine(records);
    subject = await open(engine);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.end(true);
    await subject.close();
  });

  async function vehicle(vehicleId: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await subject.connect(vehicleId, { reconnectPeriod: 0, ...options });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }
  const publish = (client: MqttClient, vehicleId: string, name: UpTopic, text: string, retain = false) =>
    client.publishAsync(topicOf(vehicleId, name), text, { qos: 1, retain });
  const subscribe = (client: MqttClient, vehicleId: string) =>
    client.subscribeAsync(
      (['update', 'grant', 'receipt'] as const).map((name) => topicOf(vehicleId, name)),
      { qos: 1 },
    );
  /** Sends as the engine does: what was sent is from then on what is shown. */
  async function send(...messages: readonly ReturnType<typeof down>[]): Promise<void> {
    engine.shown = new Map([
      ...engine.shown,
      ...messages
        .filter(({ topic }) => topic === 'update')
        .map(({ vehicleId, topic, payload }): [string, Uint8Array] => [`${vehicleId}/${topic}`, payload]),
    ]);
    await subject.link.send(messages);
  }

  describe('a vehicle', () => {
    it('is let in with its password and with no other', async () => {
      await vehicle('V1');
      await expect(vehicle('V1', { password: 'wrong' })).rejects.toThrow(/not authori[sz]ed|bad user ?name/i);
      await expect(vehicle('V9')).rejects.toThrow(/not authori[sz]ed|bad user ?name/i);
    });

    it('that connects again takes the place of its old connection', async () => {
      const old = await vehicle('V1');
      const gone = new Promise<void>((resolve) => old.once('close', () => resolve()));
      await vehicle('V1');
      await gone;
    });
  });

  describe('what a vehicle publishes', () => {
    it('is delivered as it is, with its name, channel and a time of ours', async () => {
      const before = Date.now();
      const client = await vehicle('V1');
      await publish(client, 'V1', 'feedback', 'f');
      await publish(client, 'V1', 'inventory', 'i');
      await eventually(() =>
        expect([...engine.delivered].sort()).toEqual(['V1 feedback f', 'V1 inventory i']),
      );
      for (const { receivedAt } of records) {
        expect(receivedAt).toBeGreaterThanOrEqual(before);
        expect(receivedAt).toBeLessThanOrEqual(Date.now());
      }
    });

    it('is delivered when it is no JSON, or no text at all', async () => {
      const client = await vehicle('V1');
      await client.publishAsync(topicOf('V1', 'feedback'), Buffer.from([0, 255, 1]), { qos: 1 });
      await eventually(() => expect(records.length).toBe(1));
      expect(Buffer.from(records[0]?.payload ?? [])).toEqual(Buffer.from([0, 255, 1]));
    });

    it('under the name of another vehicle, or on a topic to vehicles, is never delivered', async () => {
      const client = await vehicle('V1');
      const other = await vehicle('V2');
      const to = received(other);
      await subscribe(other, 'V2');
      for (const topic of ['fw/v1/V2/feedback', 'fw/v1/V2/update', 'fw/v1/V2/presence', 'else/V1/feedback']) {
        const spoofer = await vehicle('V1');
        spoofer.publish(topic, ONLINE, { qos: 1 });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      client.end(true);
      await publish(other, 'V2', 'feedback', 'own');
      await eventually(() => expect(engine.delivered).toEqual(['V2 feedback own']));
      expect(to).toEqual([]);
    });

    it('is delivered again when the engine could not take it', async () => {
      let failures = 1;
      engine.onDeliver = async () => {
        if (failures-- > 0) throw new Error('the log is away');
      };
      // As a TCU does: it sends what has not been receipted again when it is back.
      const client = await vehicle('V1', { reconnectPeriod: 50 });
      client.publish(topicOf('V1', 'feedback'), 'f', { qos: 1 });
      await eventually(() => expect(engine.delivered).toEqual(['V1 feedback f']));
      expect(records.length).toBe(2);
    });

    it('is all delivered, in bursts from several vehicles', async () => {
      const both = await Promise.all([vehicle('V1'), vehicle('V2')]);
      await Promise.all(
        both.flatMap((client, v) =>
          Array.from({ length: 60 }, (_, i) => publish(client, `V${v + 1}`, 'feedback', String(i))),
        ),
      );
      await eventually(() => expect(engine.delivered.length).toBe(120));
      expect(new Set(engine.delivered).size).toBe(120);
    });
  });

  describe('presence', () => {
    it('tells of a vehicle that comes, that leaves in good order, and that is lost', async () => {
      const will = {
        topic: topicOf('V1', 'presence'),
        payload: Buffer.from(OFFLINE),
        qos: 1,
        retain: true,
      } as const;
      const client = await vehicle('V1', { will });
      await publish(client, 'V1', 'presence', ONLINE, true);
      await eventually(() => expect(engine.presences).toContain('V1 online'));
      client.stream.destroy();
      await eventually(() => expect(engine.presences.at(-1)).toBe('V1 offline'));
      const again = await vehicle('V1', { will });
      await publish(again, 'V1', 'presence', ONLINE, true);
      await eventually(() => expect(engine.presences.at(-1)).toBe('V1 online'));
      await publish(again, 'V1', 'presence', OFFLINE, true);
      await again.endAsync();
      await eventually(() => expect(engine.presences.at(-1)).toBe('V1 offline'));
    });
  });

  describe('what a vehicle is sent', () => {
    it('arrives on its topics, in order', async () => {
      const client = await vehicle('V1');
      const all = received(client);
      await subscribe(client, 'V1');
      await send(down('V1', 'update', 'u1'), down('V1', 'grant', 'g'), down('V1', 'update', 'u2'));
      await send(down('V1', 'receipt', 'r'));
      await eventually(() =>
        expect(all).toEqual(['V1/update u1', 'V1/grant g', 'V1/update u2', 'V1/receipt r']),
      );
    });

    it('is seen later as the newest update only; receipts are not kept', async () => {
      await send(down('V1', 'update', 'u1'), down('V1', 'receipt', 'r'), down('V1', 'update', 'u2'));
      const client = await vehicle('V1');
      const all = received(client);
      await subscribe(client, 'V1');
      await eventually(() => expect(all).toEqual(['V1/update u2']));
      await send(down('V1', 'receipt', 'now'));
      await eventually(() => expect(all).toEqual(['V1/update u2', 'V1/receipt now']));
    });

    it('may be to one that is not there', async () => {
      await send(down('V2', 'receipt', 'r'), down('V9', 'update', 'u'));
      await subject.link.send([]);
    });

    it('is never seen by another vehicle, whatever it subscribes to', async () => {
      const spy = await vehicle('V2');
      const all = received(spy);
      for (const filter of ['fw/v1/V1/update', 'fw/v1/+/grant', 'fw/#', '#'])
        await spy.subscribeAsync(filter, { qos: 1 }).catch(() => undefined);
      await subscribe(spy, 'V2');
      await send(down('V1', 'update', 'u'), down('V1', 'grant', 'g'), down('V1', 'receipt', 'r'));
      await send(down('V2', 'receipt', 'own'));
      await eventually(() => expect(all).toContain('V2/receipt own'));
      expect(new Set(all)).toEqual(new Set(['V2/receipt own']));
    });

    it('is up to 64 KiB', async () => {
      const client = await vehicle('V1');
      const all = received(client);
      await subscribe(client, 'V1');
      const text = 'x'.repeat(65_536);
      await send(down('V1', 'update', text));
      await eventually(() => expect(all).toEqual([`V1/update ${text}`]));
    });
  });
}

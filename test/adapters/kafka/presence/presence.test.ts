import { describe, expect, it } from 'vitest';
import { createKafkaPresence } from '../../../../src/adapters/kafka/presence/kafka-presence.ts';
import { PresenceOutbox } from '../../../../src/adapters/kafka/presence/presence-outbox.ts';
import type { PresenceSignal } from '../../../../src/app/ports.ts';
import { signal } from '../../../contract/presence/presence-contract.ts';
import { connectTo, corner, TIMING } from '../kit.ts';
import { patiently } from '../patiently.ts';

describe('presence between processes', () => {
  it('a latecomer begins with the last that is known of each vehicle', async () => {
    const { url, prefix, connection } = await corner(1);
    const bridge = createKafkaPresence(connection, { ...TIMING, flushEvery_ms: 20 });
    bridge.tell(signal('V1', true, 1));
    bridge.tell(signal('V2', true, 2));
    await patiently(() => expect(bridge.stats()['told']).toBe(2));
    bridge.tell(signal('V2', false, 3));
    bridge.tell(signal('V1', null, 4));
    await patiently(() => expect(bridge.stats()['told']).toBe(4));
    const api = createKafkaPresence(connectTo(url, prefix).connection, TIMING);
    const online = new Map<string, boolean>();
    await api.follow((signals) => {
      for (const { vehicleId, online: now } of signals) if (now !== null) online.set(vehicleId, now);
    });
    expect(online).toEqual(
      new Map([
        ['V1', true],
        ['V2', false],
      ]),
    );
    await Promise.all([bridge.stop(), api.stop()]);
    const admin = connection.admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.startsWith(prefix))).toEqual([]);
  });
});

describe('what is told of vehicles', () => {
  const told = (signals: readonly PresenceSignal[]): PresenceSignal[] => {
    const outbox = new PresenceOutbox();
    for (const one of signals) outbox.add(one);
    return [...outbox.take()];
  };

  it('is the newest of each vehicle', () => {
    expect(told([signal('V1', true, 1), signal('V2', true, 2), signal('V1', false, 3)])).toEqual([
      signal('V1', false, 3),
      signal('V2', true, 2),
    ]);
  });

  it('is once a minute that a vehicle was heard of', () => {
    const outbox = new PresenceOutbox();
    const times: number[] = [];
    for (let at = 0; at < 180_000; at += 1000) {
      outbox.add(signal('V1', null, at));
      times.push(...outbox.take().map((one) => one.at));
    }
    expect(times).toEqual([0, 60_000, 120_000]);
  });

  it('is told again when it could not be, unless something newer came', () => {
    const outbox = new PresenceOutbox();
    outbox.add(signal('V1', true, 1));
    outbox.add(signal('V2', true, 1));
    const failed = outbox.take();
    outbox.add(signal('V1', false, 2));
    outbox.putBack(failed);
    expect(outbox.take()).toEqual([signal('V1', false, 2), signal('V2', true, 1)]);
  });
});

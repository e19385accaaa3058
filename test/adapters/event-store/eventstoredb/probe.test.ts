import { describe, expect, it } from 'vitest';
import { openAuthority, readCertificate } from '../../../../scripts/engines/mosquitto/certificates.ts';
import {
  openEventStoreDb,
  probeEventStoreDb,
} from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { append, readAll } from '../../../contract/event-store/samples.ts';
import { startEventStoreDouble } from '../../../doubles/eventstoredb/double.ts';
import { bench, tempDirectory } from './support.ts';

const checks = (findings: readonly { readonly check: string; readonly ok: boolean }[]): string[] =>
  findings.map(({ check, ok }) => `${check}: ${ok}`);

describe('doctor on EventStoreDB', () => {
  it('finds it well, and records nothing', async () => {
    await using on = await bench();
    const before = await probeEventStoreDb(on.double.url);
    expect(checks(before)).toEqual(['reachable: true', 'read: true', 'append: true']);
    expect(before[0]?.detail).toContain(`127.0.0.1:${on.double.port} is EventStoreDB 24.10`);
    await append(on.store, 'a-1', -1);
    expect(checks(await probeEventStoreDb(on.double.url))).toEqual([
      'reachable: true',
      'read: true',
      'append: true',
    ]);
    expect(await readAll(on.store)).toHaveLength(1);
  });

  it('says what to do where nothing answers, or the string is wrong', async () => {
    const double = await startEventStoreDouble();
    await double.stop();
    const [gone] = await probeEventStoreDb(double.url);
    expect(gone).toMatchObject({ check: 'reachable', ok: false });
    expect(gone?.advice).toContain('FLEETWAVE_EVENT_STORE');
    const [wrong] = await probeEventStoreDb('http://localhost:2113');
    expect(wrong).toMatchObject({ check: 'connection string', ok: false });
    expect(wrong?.advice).toContain('esdb://');
  });

  it('asks the leader where a node is not it', async () => {
    await using on = await bench();
    const follower = await startEventStoreDouble();
    follower.faults.answerNotLeader({ host: '127.0.0.1', port: on.double.port });
    const findings = await probeEventStoreDb(follower.url);
    await follower.stop();
    expect(checks(findings)).toEqual(['reachable: true', 'read: true', 'append: true']);
  });
});

describe('TLS', () => {
  it('and the password of the connection string let in, and another does not', async () => {
    const { directory, remove } = await tempDirectory();
    const authority = await openAuthority(directory);
    const tls = readCertificate(await authority.issue('localhost', 'server'));
    const double = await startEventStoreDouble({ tls, users: { fleetwave: 'a:b@c' } });
    const url = (user: string) =>
      `esdb://${user}localhost:${double.port}?tlsCAFile=${encodeURIComponent(authority.ca)}`;
    const password = encodeURIComponent('a:b@c');
    const store = await openEventStoreDb({ connectionString: url(`fleetwave:${password}@`), log: () => {} });
    await append(store, 'a-1', -1);
    expect(await readAll(store)).toHaveLength(1);
    await store.close();
    expect(checks(await probeEventStoreDb(url(`fleetwave:${password}@`)))).toEqual([
      'reachable: true',
      'read: true',
      'append: true',
    ]);
    for (const user of ['', 'fleetwave:wrong@']) {
      const opening = openEventStoreDb({ connectionString: url(user), log: () => {} });
      await expect(opening).rejects.toMatchObject({ code: 'denied' });
      const findings = await probeEventStoreDb(url(user));
      expect(findings.some(({ ok, advice }) => !ok && advice.includes('FLEETWAVE_EVENT_STORE'))).toBe(true);
    }
    await double.stop();
    await remove();
  });
});

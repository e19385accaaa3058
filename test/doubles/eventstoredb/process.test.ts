/** The double as a process of its own: its data survive a kill, and its faults are steered from outside. */
import { rmSync } from 'node:fs';
import { EventStoreDBClient, UnavailableError } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { controlUrl, eventStoreDouble } from '../../../scripts/engines/eventstore-double.ts';
import { serverDirectory } from '../../support/engines.ts';
import { remoteFaults, remoteStats } from './control.ts';
import { startEventStoreDouble } from './double.ts';
import { all, counted, countedAll, doubles, numbers, numbersOf } from './support.ts';

const { connect } = doubles();

describe('the log', () => {
  it('goes on after a restart where it was: revisions, positions, repeats', async () => {
    const directory = serverDirectory('eventstore-double');
    const first = await startEventStoreDouble({ directory });
    const client = EventStoreDBClient.connectionString(first.url);
    const event = counted(0);
    const answer = await client.appendToStream('s', event, { expectedRevision: 'no_stream' });
    const before = await all(client.readAll());
    await client.dispose();
    await first.stop();
    const second = await startEventStoreDouble({ directory });
    const again = EventStoreDBClient.connectionString(second.url);
    expect(await again.appendToStream('s', event, { expectedRevision: 'no_stream' })).toEqual(answer);
    await again.appendToStream('s', counted(1), { expectedRevision: 0n });
    const after = await all(again.readAll());
    expect(after.slice(0, before.length)).toEqual(before);
    expect(numbersOf(after)).toEqual([0, 1]);
    await again.dispose();
    await second.stop();
    rmSync(directory, { recursive: true });
  });

  it('forgets at a restart which events expected any revision, as the real server does', async () => {
    const directory = serverDirectory('eventstore-double');
    const event = counted(0);
    for (const written of [1, 2]) {
      const double = await startEventStoreDouble({ directory });
      const client = EventStoreDBClient.connectionString(double.url);
      await client.appendToStream('s', event);
      await client.appendToStream('s', event);
      expect(await all(client.readStream('s'))).toHaveLength(written);
      await client.dispose();
      await double.stop();
    }
    rmSync(directory, { recursive: true });
  });

  it('belongs to one process', async () => {
    const directory = serverDirectory('eventstore-double');
    const double = await startEventStoreDouble({ directory });
    await expect(startEventStoreDouble({ directory })).rejects.toThrow(directory);
    await double.stop();
    rmSync(directory, { recursive: true });
  });
});

describe('the process', () => {
  it('keeps every acknowledged append when it is killed, and has its port again', async () => {
    const directory = serverDirectory('eventstore-double');
    const first = await eventStoreDouble.start({ directory });
    const client = connect(first.url);
    await client.appendToStream('s', counted(0));
    let acknowledged = 0;
    const appending = (async () => {
      for (const n of numbers(1, 100_000)) {
        await client.appendToStream('s', counted(n));
        acknowledged = n;
        if (n === 200) first.kill('SIGKILL');
      }
    })();
    await expect(appending).rejects.toBeInstanceOf(UnavailableError);
    await first.stop();
    const second = await eventStoreDouble.start({ directory });
    expect(second.url).toBe(first.url);
    const kept = numbersOf(await all(connect(second.url).readStream('s')));
    expect(kept.slice(0, acknowledged + 1)).toEqual(numbers(0, acknowledged + 1));
    await second.stop();
  });

  it('has its faults steered over HTTP', async () => {
    const directory = serverDirectory('eventstore-double');
    const engine = await eventStoreDouble.start({ directory });
    const client = connect(engine.url);
    const control = controlUrl(directory);
    const faults = remoteFaults(control);
    await client.appendToStream('s', countedAll(0, 1));
    await faults.loseAnswers('cut', 1);
    await expect(client.appendToStream('s', counted(2))).rejects.toBeInstanceOf(UnavailableError);
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0, 1, 2]);
    // Looked at while nobody can connect: a client may be back as soon as it can.
    const away = faults.refuseConnections(2000);
    await expect.poll(() => remoteStats(control)).toMatchObject({ connections: 0, subscriptions: 0 });
    await away;
    await faults.clear();
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0, 1, 2]);
    const wrong = await fetch(`${control}/faults/loseAnswers`, { method: 'POST', body: '["never"]' });
    expect(wrong.status).toBe(400);
    expect((await fetch(`${control}/faults/nothing`, { method: 'POST' })).status).toBe(400);
    await engine.stop();
  });
});

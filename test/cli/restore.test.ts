import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openSqliteEventStore } from '../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { request } from '../contract/event-store/samples.ts';
import { directory, run } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('fleetwave restore', () => {
  it('says at once that a backup has no artifacts, and restores it where they are kept by other means', async () => {
    const backup = directory();
    mkdirSync(join(backup, 'keys'));
    writeFileSync(join(backup, 'keys', 'some.key'), 'key');
    const log = await openSqliteEventStore({ path: join(backup, 'log.sqlite') });
    await log.append([request('fleet', -1)]);
    await log.close();
    const data = join(directory(), 'data');
    const refused = await run(['restore', backup, '--data-dir', data]);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/has no artifacts.*--no-artifacts/);
    expect(existsSync(data)).toBe(false);
    expect(await run(['restore', backup, '--data-dir', data, '--no-artifacts'])).toMatchObject({ code: 0 });
  });
});

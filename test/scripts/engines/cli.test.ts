/** `npm run engines`, on the engine that comes with the dependencies. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../../scripts/engines/address.ts';
import { startOf } from '../../../scripts/engines/identity.ts';

const directory = mkdtempSync(join(tmpdir(), 'fleetwave-engines-'));
const engines = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/engines.ts', ...args, '--dir', directory], { encoding: 'utf8' });
const rows = (...args: string[]): { name: string; state: string; url: string; pid: number }[] =>
  JSON.parse(engines(...args, '--json').stdout);

afterAll(() => {
  engines('down');
  rmSync(directory, { recursive: true, force: true });
});

describe('npm run engines', () => {
  it('starts an engine once, tells its setting, and stops it', () => {
    const [up] = rows('up', 'azurite');
    expect(up).toMatchObject({ name: 'azurite', state: 'up' });
    expect(rows('up', 'azurite')).toEqual([up]);
    expect(rows('status', 'azurite')).toEqual([up]);
    expect(engines('env').stdout).toBe(`export FLEETWAVE_AZURE_BLOB='${up?.url}'\n`);
    expect(rows('down', 'azurite')).toEqual([{ name: 'azurite', state: 'stopped' }]);
    expect(startOf(up?.pid ?? 0)).toBeNull();
    expect(rows('down', 'azurite')).toEqual([{ name: 'azurite', state: 'down' }]);
  });

  it('starts it again where it was, after it was killed', () => {
    const [up] = rows('up', 'azurite');
    process.kill(up?.pid ?? 0, 'SIGKILL');
    expect(rows('status', 'azurite')).toEqual([{ name: 'azurite', state: 'down' }]);
    expect(rows('up', 'azurite')[0]).toMatchObject({ state: 'up', url: up?.url });
  });

  it('says which engines there are when it is asked for another', () => {
    const { status, stderr } = engines('up', 'kafak');
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('Allowed choices are eventstore-double, kafka'),
    ]);
  });
});

describe('the address of an engine', () => {
  it.each([
    'esdb://127.0.0.1:21000?tls=false',
    'kafka://127.0.0.1:21000',
    'mongodb://127.0.0.1:21000/fleetwave',
    'mqtt://fleetwave:pass@127.0.0.1:21000',
    's3://fleetwave?endpoint=http%3A%2F%2F127.0.0.1%3A21000&region=us-east-1',
    'DefaultEndpointsProtocol=http;AccountName=fleetwave;BlobEndpoint=http://127.0.0.1:21000/fleetwave;',
  ])('is found in %s', (url) => {
    expect(addressOf(url)).toEqual({ host: '127.0.0.1', port: 21_000 });
  });

  it('is on this machine, or refused', () => {
    expect(() => addressOf('kafka://broker.example:9092')).toThrow('no loopback address');
  });
});

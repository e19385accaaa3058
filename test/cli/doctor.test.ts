/** `fleetwave doctor` on engines that are not there, and on the real ones. */
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it, vi } from 'vitest';
import type { EngineName } from '../../scripts/engines/engine.ts';
import type { Finding } from '../../src/app/ports.ts';
import { freePorts } from '../e2e/support/stage.ts';
import { engine } from '../support/engines.ts';
import { directory, run } from './support.ts';

// Servers may have to be made and started first.
vi.setConfig({ testTimeout: 240_000 });

async function doctor(settings: Readonly<Record<string, string>>) {
  const dataDir = join(directory(), 'data');
  const free = { FLEETWAVE_DATA_DIR: dataDir, FLEETWAVE_HTTP_PORT: '0', FLEETWAVE_MQTT_PORT: '0' };
  const { code, out, err } = await run(['doctor', '--json'], { ...free, ...settings });
  if (out === '') throw new Error(`doctor said nothing but: ${err}`);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: readonly Finding[] };
  const about = (setting: string) => findings.filter(({ check }) => check.startsWith(setting));
  return { code, ok, err, findings, about };
}

const AZURE =
  'DefaultEndpointsProtocol=http;AccountName=fleet;AccountKey=c2VjcmV0LWtleQ==;BlobEndpoint=http://';
const addressesOf = (port: number): Readonly<Record<string, string>> => ({
  FLEETWAVE_EVENT_STORE: `esdb://ada:secret-key@127.0.0.1:${port}?tls=false`,
  FLEETWAVE_KAFKA: `kafka://127.0.0.1:${port}`,
  FLEETWAVE_MONGODB: `mongodb://ada:secret-key@127.0.0.1:${port}/fleetwave`,
  FLEETWAVE_MQTT: `mqtt://ada:secret-key@127.0.0.1:${port}`,
  FLEETWAVE_S3: `s3://artifacts?endpoint=http://127.0.0.1:${port}&region=eu-1&accessKeyId=ada&secretAccessKey=secret-key`,
  FLEETWAVE_AZURE_BLOB: `${AZURE}127.0.0.1:${port}/fleet;`,
});

describe('an engine that is not there', () => {
  it.each(Object.keys(addressesOf(0)))('is told by the name of its setting: %s', async (setting) => {
    const { httpPort } = await freePorts();
    const { code, ok, err, findings, about } = await doctor({
      [setting]: addressesOf(httpPort)[setting] ?? '',
    });
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    const [found, ...more] = about(setting);
    expect(more).toEqual([]);
    expect(found?.ok).toBe(false);
    expect(found?.detail).toContain('127.0.0.1');
    expect(found?.advice).toContain(setting);
    // What else was looked at is told all the same.
    expect(findings.filter(({ ok: well }) => !well)).toEqual([found]);
    expect(err).toBe('');
    expect(JSON.stringify(findings)).not.toMatch(/secret-key|c2VjcmV0|\\n {4}at /);
  });

  it('does not keep others from being looked at: all at once, each for itself', async () => {
    const { httpPort } = await freePorts();
    const { FLEETWAVE_AZURE_BLOB: _, ...five } = addressesOf(httpPort);
    const { code, findings } = await doctor(five);
    expect(code).toBe(1);
    const failed = findings.filter(({ ok }) => !ok).map(({ check }) => check.split(' ')[0]);
    expect(failed).toEqual(Object.keys(five));
  });

  it('is told in words, with what to do, when nobody asks for JSON', async () => {
    const { httpPort } = await freePorts();
    const { FLEETWAVE_MONGODB = '' } = addressesOf(httpPort);
    const settings = {
      FLEETWAVE_DATA_DIR: join(directory(), 'data'),
      FLEETWAVE_HTTP_PORT: '0',
      FLEETWAVE_MONGODB,
    };
    const { code, out } = await run(['doctor'], settings);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^BAD {2}FLEETWAVE_MONGODB mongodb reachable: 127\.0\.0\.1:\d+: connect ECONNREFUSED .*\n {5}Start MongoDB, or correct host/m,
    );
    expect(out).toMatch(/^ok {3}data directory: /m);
  });
});

describe('a setting that can not be understood', () => {
  it.each([
    ['FLEETWAVE_S3', 's3://'],
    ['FLEETWAVE_AZURE_BLOB', 'nonsense'],
    ['FLEETWAVE_KAFKA', 'kafka://'],
    ['FLEETWAVE_MONGODB', 'mongodb://'],
    ['FLEETWAVE_MQTT', 'mqtt://'],
  ])('%s=%s', async (setting, value) => {
    const { code, err, about } = await doctor({ [setting]: value });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(about(setting).map(({ ok }) => ok)).toEqual([false]);
    expect(about(setting)[0]?.advice).not.toBe('');
  });

  it('the certificate of the broker is a file that is not there', async () => {
    const { about } = await doctor({
      FLEETWAVE_MQTT: 'mqtts://127.0.0.1:1',
      FLEETWAVE_MQTT_CA: '/nowhere/ca.pem',
    });
    expect(about('FLEETWAVE_MQTT')[0]?.detail).toMatch(/FLEETWAVE_MQTT_CA.*\/nowhere\/ca\.pem/);
  });
});

describe('an engine that is there', () => {
  it.each<[EngineName, string, RegExp]>([
    ['eventstore-double', 'FLEETWAVE_EVENT_STORE', /appends are allowed/],
    ['kafka', 'FLEETWAVE_KAFKA', /1 brokers: 127\.0\.0\.1/],
    ['documents', 'FLEETWAVE_MONGODB', /makes, writes and drops collections/],
    ['mosquitto', 'FLEETWAVE_MQTT', /speaks MQTT 5/],
    ['s3', 'FLEETWAVE_S3', /an object was written, read and deleted/],
    ['azurite', 'FLEETWAVE_AZURE_BLOB', /an object was written, read and deleted/],
  ])('%s is found in order, clock and permissions too', async (name, setting, says) => {
    const { url } = await engine(name);
    if (name === 'azurite') await withContainer(url);
    const { code, findings, about } = await doctor({ [setting]: url });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(code).toBe(0);
    expect(about(setting).some(({ detail }) => says.test(detail))).toBe(true);
  });
});

/** The account has no container until somebody makes one. */
async function withContainer(connectionString: string): Promise<void> {
  await BlobServiceClient.fromConnectionString(connectionString)
    .getContainerClient('fleetwave')
    .createIfNotExists();
}

/** The files that `fleetwave mosquitto-files` writes, read by a real Mosquitto. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAuthority, readCertificate } from '../../scripts/engines/mosquitto/certificates.ts';
import { mosquitto, type RunningMosquitto } from '../../scripts/engines/mosquitto.ts';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import type { EventStore } from '../../src/app/ports/event-store.ts';
import type { KeyRing } from '../../src/app/ports/keys.ts';
import { vehiclePassword } from '../../src/app/vehicle-link/credentials.ts';
import { mosquittoFilesCommand } from '../../src/cli/mosquitto-files.ts';
import {
  type MosquittoFiles,
  type MosquittoFilesOptions,
  writeMosquittoFiles,
} from '../../src/cli/mosquitto-writer.ts';
import { vehicleStream } from '../../src/domain/shared/streams.ts';
import { topicOf } from '../../src/protocol/topics.ts';
import { serverDirectory } from '../support/engines.ts';

const secret = { id: 's', key: Buffer.alloc(32, 7) };
const fleetSecrets: KeyRing = { current: secret, get: (id) => (id === 's' ? secret : null) };

let broker: RunningMosquitto;
let store: EventStore;
let files: MosquittoFiles | null = null;
let logged: string[] = [];
const clients: MqttClient[] = [];
const revisions = new Map<string, number>();

beforeAll(async () => {
  await mosquitto.install(() => undefined);
  broker = await mosquitto.start({ directory: serverDirectory('mosquitto'), tls: true });
});
afterAll(() => broker.stop());
beforeEach(() => {
  store = createMemoryEventStore();
  revisions.clear();
  logged = [];
});
afterEach(async () => {
  await files?.stop();
  files = null;
  for (const client of clients.splice(0)) client.end(true);
});

async function record(vehicleId: string, type: string, data: object): Promise<void> {
  const revision = revisions.get(vehicleId) ?? -1;
  revisions.set(vehicleId, revision + 1);
  await store.append([
    {
      stream: vehicleStream(vehicleId),
      expectedRevision: revision,
      events: [{ id: randomUUID(), type, schemaVersion: 1, data: { vehicleId, ...data } }],
      metadata: {
        actor: { kind: 'person', id: 'ada' },
        time: '2026-01-01T00:00:00.000Z',
        correlationId: randomUUID(),
        causationId: null,
        source: 'http',
      },
    },
  ]);
}
const issue = (vehicleId: string, generation = 1) =>
  record(vehicleId, 'CredentialIssued', { generation, fleetSecretId: 's' });
const revoke = (vehicleId: string, generation = 1) =>
  record(vehicleId, 'CredentialRevoked', { generation, reason: 'stolen' });

async function write(options: Partial<MosquittoFilesOptions> = {}): Promise<MosquittoFiles> {
  const { username, password } = new URL(broker.url);
  files = await writeMosquittoFiles({
    store,
    fleetSecrets,
    directory: broker.directory,
    serviceUsers: [{ name: username, password }],
    follow: false,
    pidFile: broker.files.pid,
    every_ms: 20,
    log: (_level, message) => logged.push(message),
    ...options,
  });
  return files;
}

function connect(url: string, options: mqtt.IClientOptions): Promise<MqttClient> {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  clients.push(client);
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', reject);
  });
}
const vehicle = (vehicleId: string, generation = 1) =>
  connect(broker.vehiclesUrl, {
    clientId: vehicleId,
    username: vehicleId,
    password: vehiclePassword(secret.key, vehicleId, generation),
  });

async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (attempt >= 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
const closed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => client.once('close', () => resolve()));

describe('files written once', () => {
  it('let vehicles in with their password and the service with its own', async () => {
    await issue('V1');
    await write();
    await eventually(() => vehicle('V1'));
    await expect(vehicle('V1', 2)).rejects.toThrow(/not authori[sz]ed/i);
    await expect(vehicle('V2')).rejects.toThrow(/not authori[sz]ed/i);
    const service = await connect(broker.url, { clientId: 'service' });
    const got: string[] = [];
    service.on('message', (topic) => got.push(topic));
    await service.subscribeAsync('fw/v1/+/feedback', { qos: 1 });
    const one = await vehicle('V1');
    await one.publishAsync(topicOf('V1', 'feedback'), 'x', { qos: 1 });
    await eventually(() => expect(got).toEqual([topicOf('V1', 'feedback')]));
  });

  it('belong to the broker’s user and to nobody else, and no scratch is left', async () => {
    await issue('V1');
    await write();
    for (const name of ['passwords', 'acl']) {
      const { uid, mode } = statSync(join(broker.directory, name));
      expect(uid).toBe(statSync(broker.directory).uid);
      expect(mode & 0o077).toBe(0);
    }
    expect(readdirSync(broker.directory).filter((name) => name.includes('.new'))).toEqual([]);
  });

  it('are left alone when they say the same already', async () => {
    await issue('V1');
    await write();
    const before = statSync(broker.files.passwords).ino;
    const { stats } = await write();
    expect(stats()).toEqual({ admitted: 1, shutOut: 0, written: 0, reloads: 0 });
    expect(statSync(broker.files.passwords).ino).toBe(before);
  });
});

describe('files that follow the log', () => {
  it('let a new vehicle in, and end the connection of one whose credential was revoked, and no other', async () => {
    await issue('V1');
    await issue('V2');
    const following = await write({ follow: true });
    const [one, two] = await Promise.all([eventually(() => vehicle('V1')), eventually(() => vehicle('V2'))]);
    let others = 0;
    two.once('close', () => others++);
    const gone = closed(one);
    await revoke('V1');
    await issue('V3');
    await gone;
    await expect(vehicle('V1')).rejects.toThrow(/not authori[sz]ed/i);
    await eventually(() => vehicle('V3'));
    await two.publishAsync(topicOf('V2', 'feedback'), 'x', { qos: 1 });
    expect(others).toBe(0);
    expect(following.stats()).toMatchObject({ admitted: 2, shutOut: 1 });
  });

  it('take the rights of one with a certificate, whose connection Mosquitto leaves open', async () => {
    await issue('V7');
    await write({ follow: true });
    const authority = await openAuthority(broker.tls?.authority ?? '');
    const certificate = readCertificate(await authority.issue('V7', 'client'));
    const ca = readFileSync(authority.ca, 'utf8');
    const one = await connect(broker.tls?.url ?? '', {
      clientId: 'V7',
      ca,
      ...certificate,
      protocolVersion: 5,
    });
    await one.publishAsync(topicOf('V7', 'feedback'), 'x', { qos: 1 });
    await revoke('V7');
    const denied = eventually(async () => {
      const outcome = await one.publishAsync(topicOf('V7', 'feedback'), 'x', { qos: 1 }).then(
        () => 'taken',
        (error: Error) => error.message,
      );
      expect(outcome).toContain('Not authorized');
    });
    await denied;
  });

  it('gather many changes into few exchanges', async () => {
    const following = await write({ follow: true, every_ms: 200 });
    await Promise.all(Array.from({ length: 300 }, (_, i) => issue(`M${i}`)));
    await eventually(() => expect(following.stats().admitted).toBe(300));
    await eventually(() => vehicle('M299'));
    expect(following.stats().written).toBeLessThan(10);
    expect(following.stats().reloads).toBe(following.stats().written);
  });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<unknown> =>
    mosquittoFilesCommand(async () => ({
      store,
      fleetSecrets,
      log: (_level, message) => logged.push(message),
      close: async () => void logged.push('closed'),
    }))
      .exitOverride()
      .parseAsync(['--directory', broker.directory, '--pid-file', broker.files.pid, ...args], {
        from: 'user',
      });
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  afterEach(() => {
    vi.unstubAllEnvs();
    printed.mockClear();
  });

  it('writes the files with the user of FLEETWAVE_MQTT and those of a file, and says what it did', async () => {
    vi.stubEnv('FLEETWAVE_MQTT', broker.url);
    const services = join(serverDirectory('services'), 'users');
    writeFileSync(services, 'other:secret: of the other\n');
    await issue('C1');
    await run('--service-users', services);
    expect(printed).toHaveBeenCalledWith(
      `${broker.directory}: 1 vehicles admitted, 0 shut out, 2 service users`,
    );
    expect(logged).toEqual(['closed']);
    await eventually(() => vehicle('C1'));
    const other = { clientId: 'other', username: 'other', password: 'secret: of the other' };
    await connect(`mqtt://127.0.0.1:${new URL(broker.url).port}`, other);
    await connect(broker.url, { clientId: 'service' });
    await run('--service-users', services);
    expect(printed).toHaveBeenLastCalledWith(expect.stringContaining('(as before)'));
  });

  it('refuses to shut the server itself out, and what it can’t read', async () => {
    vi.stubEnv('FLEETWAVE_MQTT', '');
    await expect(run()).rejects.toThrow('Set FLEETWAVE_MQTT with user and password, or give --service-users');
    const services = join(serverDirectory('services'), 'users');
    writeFileSync(services, 'a:b\nrubbish\n');
    await expect(run('--service-users', services)).rejects.toThrow(`${services}:2 is no name:password.`);
    await expect(run('--every', '0')).rejects.toThrow('--every must be a number');
    expect(logged).toEqual([]);
  });
});

describe('a pid file that does not name Mosquitto', () => {
  it.each([
    ['is missing', null, 'ENOENT'],
    ['is empty', '', 'has no process id'],
    ['names another program', String(process.pid), 'which is'],
    ['names nobody', '{"pid":4194303}', 'does not run'],
  ])('that %s: nothing is sent to anyone, and the log says so', async (_what, text, problem) => {
    const pidFile = join(serverDirectory('pid'), 'pid');
    if (text !== null) writeFileSync(pidFile, text);
    await issue(`P${randomUUID().slice(0, 6)}`);
    const { stats } = await write({ pidFile });
    expect(stats()).toMatchObject({ written: 1, reloads: 0 });
    expect(logged.join()).toContain(problem);
  });
});

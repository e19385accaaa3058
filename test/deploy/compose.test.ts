/** docker-compose.yml is tried without Docker: what it says must fit the settings, the image and itself. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoConf } from '../../scripts/engines/mosquitto/configuration.ts';
import { loadConfig, ROLES } from '../../src/config.ts';
import { IMAGES } from '../support/images.ts';
import { type Compose, type ComposeService, text, yaml } from './files.ts';

const [compose] = yaml<Compose>('docker-compose.yml') as [Compose];
const [azure] = yaml<Compose>('deploy/compose/azure.yml') as [Compose];
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image.startsWith('fleetwave:'));
const engines = services.filter(([, { image }]) => !image.startsWith('fleetwave:'));
const rolesOf = ({ command }: ComposeService): string | undefined =>
  command?.[1] === '--roles' ? command[2] : undefined;

describe('the services', () => {
  it('run each role, all from one image', () => {
    const started = ours
      .filter(([, { command }]) => command?.[0] === 'start')
      .map(([, service]) => rolesOf(service));
    expect(started.sort()).toEqual([...ROLES].sort());
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1);
  });

  it('run two of each role that shares its work or stands by', () => {
    for (const role of ['rollout', 'gatekeeper', 'projector'])
      expect(compose.services[role]?.deploy, role).toEqual({ replicas: 2 });
  });

  it('run the engines that the contracts are tried on', () => {
    const known = new Set<string>(Object.values(IMAGES));
    expect(engines.map(([, { image }]) => image).filter((image) => !known.has(image))).toEqual([]);
    expect(engines).toHaveLength(6);
  });

  it('say when each engine is healthy, and wait for it', () => {
    expect(engines.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name)).toEqual(
      [],
    );
    for (const [name, { depends_on }] of ours)
      for (const [engine, { condition }] of Object.entries(depends_on ?? {}))
        expect([name, engine in compose.services, condition]).toEqual([name, true, 'service_healthy']);
  });

  it('can write nowhere but to what they are given, and have no rights', () => {
    for (const [name, { read_only, cap_drop }] of ours)
      expect([name, read_only, cap_drop]).toEqual([name, true, ['ALL']]);
  });

  it('publish only the API and MQTT, on loopback', () => {
    const published = services
      .filter(([, { ports }]) => ports !== undefined)
      .map(([name, { ports }]) => [name, ports]);
    expect(published).toEqual([
      ['api', ['127.0.0.1:7400:7400']],
      ['mosquitto', ['127.0.0.1:7401:1884']],
    ]);
    expect(compose.networks['engines']).toEqual({ internal: true });
  });

  it('use networks, volumes and secrets that are declared, and every one that is', () => {
    const named = (kind: 'networks' | 'secrets'): string[] =>
      services.flatMap(([, service]) => service[kind] ?? []);
    const volumes = services
      .flatMap(([, service]) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => !source.startsWith('./'));
    expect([...new Set(named('networks'))].sort()).toEqual(Object.keys(compose.networks).sort());
    expect([...new Set(named('secrets'))].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect([...new Set(volumes)].sort()).toEqual(Object.keys(compose.volumes).sort());
  });
});

describe('the settings', () => {
  let folder: string;
  let secrets: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetwave-compose-'));
    mkdirSync(join(folder, 'compose'));
    cpSync('deploy/compose/make-secrets.sh', join(folder, 'compose/make-secrets.sh'));
    execFileSync('sh', [join(folder, 'compose/make-secrets.sh')]);
    secrets = join(folder, 'compose/secrets');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** As the process in the container sees them. */
  const environment = (
    service: ComposeService,
    more: Record<string, string | number> = {},
  ): NodeJS.ProcessEnv =>
    Object.fromEntries(
      Object.entries({ ...service.environment, ...more }).map(([name, value]) => [
        name,
        String(value).replace('/run/secrets/', `${secrets}/`),
      ]),
    );

  it('are accepted for every role', () => {
    for (const [name, service] of ours) {
      const config = loadConfig({ roles: rolesOf(service) }, environment(service));
      expect([name, config.mqtt]).toEqual([name, readFileSync(join(secrets, 'mqtt-url'), 'utf8').trim()]);
      expect(Buffer.from(config.masterKey ?? '', 'base64')).toHaveLength(32);
    }
  });

  it('are accepted with Azure in place of S3', () => {
    for (const [name, service] of ours) {
      const changed = azure.services[name]?.environment ?? {};
      const config = loadConfig({ roles: rolesOf(service) }, environment(service, { ...changed }));
      expect([name, config.s3, config.azureBlob]).toEqual([
        name,
        undefined,
        expect.stringContaining('BlobEndpoint=http://azurite:10000/fleetwave'),
      ]);
    }
  });

  it('have every secret from the script, in a folder of its owner only, and made once', () => {
    const wanted = [...Object.values(compose.secrets), ...Object.values(azure.secrets)].map(({ file }) =>
      basename(file),
    );
    expect(readdirSync(secrets).sort()).toEqual(wanted.sort());
    expect(statSync(secrets).mode & 0o777).toBe(0o700);
    const before = wanted.map((name) => readFileSync(join(secrets, name), 'utf8'));
    execFileSync('sh', [join(folder, 'compose/make-secrets.sh')]);
    expect(wanted.map((name) => readFileSync(join(secrets, name), 'utf8'))).toEqual(before);
  });

  it('of the image are settings too', () => {
    const names = [...text('Dockerfile').matchAll(/^\s+(FLEETWAVE_\w+)=(\S+)/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(names.length).toBeGreaterThan(2);
    const config = loadConfig({}, Object.fromEntries(names));
    expect([config.httpHost, config.paths.keys]).toEqual(['0.0.0.0', '/data/keys']);
  });
});

describe('the configuration of the broker', () => {
  const paths = { data: '', passwords: '', acl: '', ca: '', serverCert: '', serverKey: '' };
  const tried = mosquittoConf({ services: 1, vehicles: 2, tls: null }, paths, null)
    .split('\n')
    .filter((line) => line !== '' && !/^(listener|password_file|acl_file|persistence_location) /.test(line));

  it.each(['deploy/mosquitto/mosquitto.conf', 'deploy/mosquitto/kubernetes.conf'])(
    '%s is the one that is tried',
    (path) => {
      const lines = text(path).split('\n');
      expect(tried.filter((line) => !lines.includes(line))).toEqual([]);
    },
  );
});

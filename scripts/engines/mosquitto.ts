/** An MQTT broker for development, tests and CI: the system's Mosquitto. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import mqtt from 'mqtt';
import { passwordLine, renderAcl } from '../../src/app/vehicle-link/mosquitto-files.ts';
import { engineCache } from './cache.ts';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { withLock } from './lock.ts';
import { openAuthority } from './mosquitto/certificates.ts';
import { mosquittoConf } from './mosquitto/configuration.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';
import { run } from './run.ts';

export interface MosquittoOptions extends StartOptions {
  /** Also a listener for vehicles with certificates, with an authority of its own. */
  readonly tls?: boolean;
}

export interface RunningMosquitto extends RunningEngine {
  /** Where vehicles with a password connect: the broker takes their user name for their client id. */
  readonly vehiclesUrl: string;
  /** Null without `tls`. */
  readonly tls: { readonly url: string; readonly authority: string } | null;
  readonly files: MosquittoFilePaths;
}

export interface MosquittoFilePaths {
  readonly passwords: string;
  readonly acl: string;
  /** JSON with `pid`. */
  readonly pid: string;
}

interface MosquittoRecipe extends EngineRecipe {
  start(options: MosquittoOptions): Promise<RunningMosquitto>;
}

const SERVICE_USER = 'fleetwave';
const PROBE_MS = 2000;
const APT_MS = 10 * 60_000;
const ELSEWHERE = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'];

export const mosquitto: MosquittoRecipe = {
  name: 'mosquitto',
  setting: 'FLEETWAVE_MQTT',

  async install(say) {
    if (find() !== null) return;
    if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0)
      throw new Error(
        'There is no mosquitto: `sudo apt-get install mosquitto` (or `brew install mosquitto`), or set FLEETWAVE_MQTT.',
      );
    say('mosquitto: installing by apt-get');
    const lock = engineCache('apt.lock');
    mkdirSync(dirname(lock), { recursive: true });
    await withLock(lock, APT_MS, installByApt);
  },

  async start(options) {
    const { directory } = options;
    const { program, version } = find() ?? missing();
    const tls = options.tls === true;
    const ports = {
      services: await rememberedPort(directory, options.port),
      vehicles: await rememberedPort(directory, 0, 'vehicles-port'),
      tls: tls ? await rememberedPort(directory, 0, 'tls-port') : null,
    };
    const password = rememberedPassword(directory);
    const configuration = await prepare(directory, ports, password);
    const url = `mqtt://${SERVICE_USER}:${password}@127.0.0.1:${ports.services}`;
    const process_ = await launch({
      name: 'mosquitto',
      directory,
      command: program,
      args: ['-c', configuration],
      probe: () => publishOnce(url),
    });
    return {
      name: 'mosquitto',
      url,
      version,
      directory,
      vehiclesUrl: `mqtt://127.0.0.1:${ports.vehicles}`,
      tls:
        ports.tls === null
          ? null
          : { url: `mqtts://127.0.0.1:${ports.tls}`, authority: authorityOf(directory) },
      files: mosquittoFilesIn(directory),
      ...process_,
    };
  },
};

/** Where a broker started in this directory has its files. */
export const mosquittoFilesIn = (directory: string): MosquittoFilePaths => ({
  passwords: join(directory, 'passwords'),
  acl: join(directory, 'acl'),
  pid: join(directory, 'server.pid'),
});

const authorityOf = (directory: string): string => join(directory, 'certificates');

async function installByApt(): Promise<void> {
  if (find() !== null) return;
  const apt = (...args: string[]): Promise<string> =>
    run('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      missing: 'no apt-get',
    });
  const install = (): Promise<string> => apt('install', '-y', '--no-install-recommends', 'mosquitto');
  // Lists that are missing or old name packages that can't be had.
  await install().catch(async () => {
    await apt('update');
    await install();
  });
}

function missing(): never {
  throw new Error('There is no mosquitto: run `npm run engines -- install mosquitto`.');
}

/** Daemons are often not on a user's path. */
function find(): { readonly program: string; readonly version: string } | null {
  for (const program of ['mosquitto', ...ELSEWHERE]) {
    const { stdout, error } = spawnSync(program, ['-h'], { encoding: 'utf8' });
    const version = /mosquitto version (\S+)/.exec(error === undefined ? stdout : '')?.[1];
    if (version !== undefined) return { program, version: `mosquitto ${version}` };
  }
  return null;
}

/** Made up at the first start of a directory. */
function rememberedPassword(directory: string): string {
  const path = join(directory, 'service-password');
  if (!existsSync(path)) writeFileSync(path, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

/** Writes what the broker reads. Passwords and rights that are there are gone on with. Returns the configuration. */
async function prepare(
  directory: string,
  ports: Parameters<typeof mosquittoConf>[0],
  password: string,
): Promise<string> {
  const { passwords, acl } = mosquittoFilesIn(directory);
  const data = join(directory, 'data');
  mkdirSync(data, { recursive: true });
  if (!existsSync(passwords))
    writeFileSync(
      passwords,
      passwordLine(SERVICE_USER, password, { salt: randomBytes(12), iterations: 101 }),
    );
  if (!existsSync(acl)) writeFileSync(acl, renderAcl([SERVICE_USER], []));
  const own = [directory, data, passwords, acl];
  let certificates = { ca: '', serverCert: '', serverKey: '' };
  if (ports.tls !== null) {
    const authority = await openAuthority(authorityOf(directory));
    const { cert, key } = await authority.issue('localhost', 'server');
    certificates = { ca: authority.ca, serverCert: cert, serverKey: key };
    own.push(authorityOf(directory), authority.ca, cert, key);
  }
  const user = userFor(directory);
  for (const path of own) if (user !== null) chownSync(path, user.uid, user.gid);
  for (const path of [passwords, acl]) chmodSync(path, 0o600);
  const configuration = join(directory, 'mosquitto.conf');
  writeFileSync(
    configuration,
    mosquittoConf(ports, { data, passwords, acl, ...certificates }, user?.name ?? null),
  );
  return configuration;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Started as root, the broker gives that up for a user who must get to its files. Where a folder on the way lets
 * only root through, it stays root. Null when it was not started as root.
 */
function userFor(directory: string): User | null {
  if (process.getuid?.() !== 0) return null;
  const known = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const find = (name: string): User | undefined => known.find((user) => user.name === name);
  const user = isOpen(dirname(directory)) ? (find('mosquitto') ?? find('nobody')) : undefined;
  return user ?? { name: 'root', uid: 0, gid: 0 };
}

const isOpen = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (path === dirname(path) || isOpen(dirname(path)));

/** A message that the broker acknowledges, to a vehicle that can't exist. */
async function publishOnce(url: string): Promise<void> {
  const client = mqtt.connect(url, { reconnectPeriod: 0, connectTimeout: PROBE_MS });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('error', reject);
      client.once('close', () => reject(new Error('the connection was closed')));
      client.publish('fw/v1/-/receipt', '', { qos: 1 }, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    client.end(true);
  }
}

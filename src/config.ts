/** All settings in one place: read once, checked, and told apart by where they came from. */
import { join, resolve } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const positive = z.coerce.number().int().min(1);

/** One entry per setting: its environment name is `FLEETWAVE_` and the key in upper snake case. */
const settings = {
  dataDir: z.string().min(1).default('./data').describe('Directory of everything that is kept'),
  httpHost: z.string().min(1).default('127.0.0.1').describe('Address the HTTP API listens on'),
  httpPort: port.default(7400).describe('Port of the HTTP API; 0 = any free one'),
  mqttHost: z.string().min(1).default('127.0.0.1').describe('Address the embedded MQTT broker listens on'),
  mqttPort: port.default(7401).describe('Port of the embedded MQTT broker; 0 = any free one'),
  publicUrl: z
    .url()
    .optional()
    .describe('Where vehicles reach the HTTP API for downloads; default: its own address'),
  identity: z
    .enum(['vin', 'pseudonym'])
    .default('vin')
    .describe('What a vehicle id is; fixed at the first start of a data directory'),
  masterKey: z
    .string()
    .optional()
    .describe('Base64 of 32 bytes that wrap content keys; default: a key file in the data directory'),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('How much is logged'),
  haltTimeoutMs: positive
    .default(5000)
    .describe('How long pause and abort wait for all shards, milliseconds'),
  timeoutGraceS: z.coerce
    .number()
    .int()
    .min(0)
    .default(300)
    .describe('After a start, how long no attempt is timed out, seconds'),
  grantValidS: positive.default(86_400).describe('How long a download grant is valid, seconds'),
  tickMs: positive.default(250).describe('How often the next vehicles are looked for, milliseconds'),
} as const;

const schema = z.object(settings);
export type Config = z.infer<typeof schema> & { readonly paths: DataPaths };
type Key = keyof typeof settings;

/** Where things are in the data directory. */
export interface DataPaths {
  readonly dataDir: string;
  readonly log: string;
  readonly readModels: string;
  readonly blobs: string;
  readonly keys: string;
  readonly adminKey: string;
  /** Written while a server runs: its addresses and pid, so that the CLI finds it. */
  readonly running: string;
}

export const pathsOf = (dataDir: string): DataPaths => {
  const base = resolve(dataDir);
  return {
    dataDir: base,
    log: join(base, 'log.sqlite'),
    readModels: join(base, 'read-models.sqlite'),
    blobs: join(base, 'blobs'),
    keys: join(base, 'keys'),
    adminKey: join(base, 'admin.key'),
    running: join(base, 'server.json'),
  };
};

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const PREFIX = 'FLEETWAVE_';
/** Read by the CLI, not by the server. */
const CLI_NAMES = ['FLEETWAVE_SERVER', 'FLEETWAVE_KEY'];
export const environmentName = (key: string): string =>
  PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const names = new Map((Object.keys(settings) as Key[]).map((key) => [environmentName(key), key]));

/**
 * Reads the settings from flags (they win) and environment.
 * @throws ConfigError for a value out of range, or a `FLEETWAVE_` name that does not exist.
 */
export function loadConfig(flags: Partial<Record<Key, unknown>>, environment: NodeJS.ProcessEnv): Config {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || CLI_NAMES.includes(name)) continue;
    const key = names.get(name);
    if (key === undefined) throw new ConfigError(`${name} is no setting of Fleetwave.${suggestion(name)}`);
    if (value !== undefined && value !== '') given[key] = value;
  }
  for (const [key, value] of Object.entries(flags)) if (value !== undefined) given[key] = value;
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${environmentName(String(issue.path[0]))}: ${issue.message}`,
    );
    throw new ConfigError(problems.join('\n'));
  }
  return { ...parsed.data, paths: pathsOf(parsed.data.dataDir) };
}

/** The settings for `--help` and the docs. */
export const describeSettings = (): readonly {
  readonly name: string;
  readonly about: string;
  readonly fallback: string;
}[] =>
  (Object.keys(settings) as Key[]).map((key) => {
    const fallback = schema.shape[key].safeParse(undefined).data;
    return {
      name: environmentName(key),
      about: schema.shape[key].description ?? '',
      fallback: fallback === undefined ? '' : String(fallback),
    };
  });

function suggestion(name: string): string {
  const ranked = [...names.keys(), ...CLI_NAMES].map((known) => ({
    known,
    distance: editDistance(name, known),
  }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= 6 ? ` Did you mean ${best.known}?` : '';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

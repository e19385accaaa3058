/** All settings in one place: read once, checked, and told apart by where they came from. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { complaintsOf } from './config/rules.ts';
import {
  environmentName,
  isOurs,
  OTHER_NAMES,
  SECRETS,
  type SettingKey,
  settings,
} from './config/settings.ts';
import { suggestion } from './config/suggestion.ts';

export { environmentName, ROLES, type Role, type SettingKey } from './config/settings.ts';

const schema = z.object(settings);
/** Where a value came from. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';
export type Config = z.infer<typeof schema> & {
  readonly paths: DataPaths;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
};

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

export const pathsOf = (dataDir: string, keysDir?: string): DataPaths => {
  const base = resolve(dataDir);
  return {
    dataDir: base,
    log: join(base, 'log.sqlite'),
    readModels: join(base, 'read-models.sqlite'),
    blobs: join(base, 'blobs'),
    keys: keysDir === undefined ? join(base, 'keys') : resolve(keysDir),
    adminKey: join(keysDir === undefined ? base : resolve(keysDir), 'admin.key'),
    running: join(base, 'server.json'),
  };
};

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const keys = Object.keys(settings) as SettingKey[];
const names = new Map(keys.map((key) => [environmentName(key), key]));

/**
 * Reads the settings from flags (they win) and environment.
 * @throws ConfigError for a value out of range, settings that do not go together, or a `FLEETWAVE_` name that does
 * not exist.
 */
export function loadConfig(
  flags: Partial<Record<SettingKey, unknown>>,
  environment: NodeJS.ProcessEnv,
): Config {
  const given: Record<string, unknown> = {};
  const origins = Object.fromEntries(keys.map((key) => [key, 'default'])) as Record<SettingKey, Origin>;
  for (const [name, value] of Object.entries(environment)) {
    if (!isOurs(name) || OTHER_NAMES.includes(name) || value === undefined) continue;
    const { key, file } = keyOf(name);
    if (value === '') continue;
    if (file && environment[environmentName(key)])
      throw new ConfigError(`Set ${environmentName(key)} or ${name}, not both.`);
    given[key] = file ? contentOf(name, value) : value;
    origins[key] = file ? 'file' : 'environment';
  }
  for (const key of keys) {
    if (flags[key] === undefined) continue;
    given[key] = flags[key];
    origins[key] = 'flag';
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${environmentName(String(issue.path[0]))}: ${issue.message}`,
    );
    throw new ConfigError(problems.join('\n'));
  }
  const complaints = complaintsOf(parsed.data);
  if (complaints.length > 0) throw new ConfigError(complaints.join('\n'));
  return { ...parsed.data, paths: pathsOf(parsed.data.dataDir, parsed.data.keysDir), origins };
}

/** `FLEETWAVE_KAFKA_FILE` names a file that holds the value of `FLEETWAVE_KAFKA`: for secrets that are mounted. */
function keyOf(name: string): { readonly key: SettingKey; readonly file: boolean } {
  const key = names.get(name);
  if (key !== undefined) return { key, file: false };
  const named = names.get(name.replace(/_FILE$/, ''));
  if (named !== undefined) return { key: named, file: true };
  const known = [...names.keys(), ...OTHER_NAMES];
  throw new ConfigError(`${name} is no setting of Fleetwave.${suggestion(name, known)}`);
}

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`${name}: ${path} can't be read: ${(error as Error).message}`);
  }
}

/** The settings for `--help` and the docs. */
export const describeSettings = (): readonly {
  readonly name: string;
  readonly about: string;
  readonly fallback: string;
}[] =>
  keys.map((key) => {
    const fallback = schema.shape[key].safeParse(undefined).data;
    return {
      name: environmentName(key),
      about: schema.shape[key].description ?? '',
      fallback: fallback === undefined ? '' : String(fallback),
    };
  });

/** Every setting as it is in force; what is secret is masked. */
export const effectiveSettings = (
  config: Config,
): readonly { readonly name: string; readonly value: string | null; readonly origin: Origin }[] =>
  keys.map((key) => {
    const value = config[key];
    return {
      name: environmentName(key),
      value: value === undefined ? null : masked(String(value), SECRETS[key]),
      origin: config.origins[key],
    };
  });

const MASK = '***';

/** An address keeps what is needed to see where it leads. */
function masked(value: string, secret: unknown): string {
  if (secret === 'whole') return MASK;
  if (secret !== 'address') return value;
  return value
    .replace(/^([a-z0-9+]+:\/\/[^@/?:]*):.*@/i, `$1:${MASK}@`)
    .replace(
      /^([a-z0-9+]+:\/\/)([^@/?]*)@/i,
      (_, scheme: string, user: string) => `${scheme}${user.split(':')[0]}:${MASK}@`,
    )
    .replace(/((?:secret|password|key|token)[a-z]*=)[^&]*/gi, `$1${MASK}`);
}

/** Logs as the command line names them: `sqlite:<data directory or log file>`, `esdb://…`, or `configured`. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Position } from '../app/ports.ts';
import { loadConfig, pathsOf } from '../config.ts';
import { type LogSpec, logSpecOf } from '../main/engines/event-log.ts';
import { CliError } from './client.ts';

export const LOG_ADDRESS = 'sqlite:<data directory or log file>, esdb://… or `configured`';

const SQLITE = 'sqlite:';
const REMOTE = /^(esdb|kurrentdb)(\+discover)?:\/\//;

/** @throws CliError naming the flag when it is no address of a log. */
export function logAt(address: string, flag: string): LogSpec {
  if (address === 'configured') return logSpecOf(loadConfig({}, process.env));
  if (REMOTE.test(address)) return { kind: 'eventstoredb', connectionString: address };
  if (!address.startsWith(SQLITE) || address === SQLITE)
    throw new CliError(`${flag} ${address} is no address of a log: give ${LOG_ADDRESS}.`);
  const path = resolve(address.slice(SQLITE.length));
  const isFile = existsSync(path) ? statSync(path).isFile() : path.endsWith('.sqlite');
  return { kind: 'sqlite', path: isFile ? path : pathsOf(path).log };
}

/** For people: without user and password. */
export const labelOf = (spec: LogSpec): string =>
  spec.kind === 'sqlite' ? `sqlite:${spec.path}` : spec.connectionString.replace(/\/\/.*@/s, '//');

const DIGITS = 16;

/**
 * How much of a log lies before a position, 0..1, for a progress bar: every kind of position we have begins with
 * a number in this many hexadecimal digits.
 */
export function fractionOf(position: Position, head: Position): number {
  const [at, all] = [position, head].map((text) => Number.parseInt(text.slice(0, DIGITS), 16) || 0);
  return all ? Math.min(1, (at ?? 0) / all) : 1;
}

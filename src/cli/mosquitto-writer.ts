/** Keeps Mosquitto's password and ACL files at what the log says, and has the broker read them. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { chown, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '../app/ports/event-store.ts';
import { type Position, START } from '../app/ports/event-store.ts';
import type { KeyRing } from '../app/ports/keys.ts';
import type { Log } from '../app/ports/log.ts';
import {
  createMosquittoUsers,
  type MosquittoUsers,
  type ServiceUser,
} from '../app/vehicle-link/mosquitto-files.ts';

export interface MosquittoFilesOptions {
  readonly store: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
  readonly fleetSecrets: KeyRing;
  /** Where `passwords` and `acl` are written; it must be there, and new files belong to whom it belongs. */
  readonly directory: string;
  readonly serviceUsers: readonly ServiceUser[];
  /** Go on with every change of the log, at most once in `every_ms`. */
  readonly follow: boolean;
  /** Has the broker's process id: it is told to read the files again (SIGHUP) when they have changed. */
  readonly pidFile?: string | undefined;
  /** Default 1000. */
  readonly every_ms?: number;
  readonly log: Log;
}

export interface MosquittoFiles {
  stats(): {
    readonly admitted: number;
    readonly shutOut: number;
    readonly written: number;
    readonly reloads: number;
  };
  /** Rejects when the log can't be followed any more. Never resolves before `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const PREFIXES = ['vehicle-'];
const EVERY_MS = 1000;
/** Lines that are written in one go. */
const CHUNK_LINES = 2000;

/** Resolves when the files say what the log said at the call. @throws Error when they can't be written. */
export async function writeMosquittoFiles(options: MosquittoFilesOptions): Promise<MosquittoFiles> {
  const { store, follow } = options;
  const users = createMosquittoUsers(options);
  const writer = createWriter(users, options);
  let position: Position = START;
  for await (const batch of store.readAll({ prefixes: PREFIXES, until: await store.head() })) {
    for (const event of batch.events) users.apply(event);
    position = batch.position;
  }
  await writer.write();
  const stats = (): ReturnType<MosquittoFiles['stats']> => ({ ...users.count(), ...writer.counts });
  if (!follow) return { stats, ended: Promise.resolve(), stop: async () => undefined };

  const end = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let changed = false;
  let wake: (() => void) | null = null;
  const subscription = store.subscribe({
    prefixes: PREFIXES,
    after: position,
    async onBatch({ events }) {
      for (const event of events) if (users.apply(event)) changed = true;
      if (changed) wake?.();
    },
    onError: end.reject,
  });
  const pace = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (!changed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (stopping.signal.aborted) return;
      changed = false;
      const began = performance.now();
      await writer.write();
      // Large files take longer: half of the time is left for others.
      const pause_ms = Math.max(options.every_ms ?? EVERY_MS, performance.now() - began);
      await sleep(pause_ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const pacing = pace();
  pacing.catch(end.reject);
  end.promise.catch(() => undefined);
  return {
    stats,
    ended: end.promise,
    async stop() {
      stopping.abort();
      wake?.();
      await subscription.stop();
      await pacing.catch(() => undefined);
      end.resolve();
    },
  };
}

function createWriter(users: MosquittoUsers, { directory, pidFile, log }: MosquittoFilesOptions) {
  const counts = { written: 0, reloads: 0 };
  const exchangeAcl = exchangeable(join(directory, 'acl'));
  const exchangePasswords = exchangeable(join(directory, 'passwords'));
  return {
    counts,
    /** Writes what is different from what is there, and tells the broker. */
    async write(): Promise<void> {
      // Rights first: who is new must not find itself without them.
      const acl = await exchangeAcl([users.acl()]);
      const passwords = await exchangePasswords(users.passwords());
      if (!acl && !passwords) return;
      counts.written++;
      if (pidFile === undefined) return;
      const problem = reload(pidFile);
      if (problem === null) counts.reloads++;
      else log('warn', `Mosquitto was not told of its new files: ${problem}`);
    },
  };
}

/** A file that is exchanged in one step when its content is to change. */
function exchangeable(path: string): (parts: Iterable<string>) => Promise<boolean> {
  const scratch = `${path}.${process.pid}.new`;
  let current: string | null = null;
  /** True when it was exchanged. */
  return async (parts) => {
    current ??= existsSync(path) ? await digestOf(path) : '';
    try {
      const wanted = await writeDurably(scratch, parts);
      if (wanted === current) return false;
      await giveTo(ownerOf(path), scratch);
      await rename(scratch, path);
      current = wanted;
      return true;
    } finally {
      await rm(scratch, { force: true });
    }
  };
}

/** @returns SHA-256 of the content. */
async function writeDurably(path: string, parts: Iterable<string>): Promise<string> {
  const digest = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  try {
    for (const chunk of chunksOf(parts)) {
      digest.update(chunk);
      await file.appendFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return digest.digest('hex');
}

function* chunksOf(parts: Iterable<string>): Generator<string> {
  let lines: string[] = [];
  for (const part of parts) {
    lines.push(part);
    if (lines.length < CHUNK_LINES) continue;
    yield lines.join('');
    lines = [];
  }
  if (lines.length > 0) yield lines.join('');
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

/** The broker gives up root for another user, who must be able to read the files: theirs is their directory. */
const ownerOf = (path: string): { readonly uid: number; readonly gid: number } =>
  statSync(existsSync(path) ? path : join(path, '..'));

async function giveTo(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  path: string,
): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}

/** Null when the signal was sent; else why not. */
function reload(pidFile: string): string | null {
  try {
    const pid = readPid(pidFile);
    process.kill(pid, 'SIGHUP');
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A number, or JSON with one. SIGHUP ends most programs, so it must not reach another one that has the number now. */
function readPid(pidFile: string): number {
  const text = readFileSync(pidFile, 'utf8').trim();
  const pid = text.startsWith('{') ? (JSON.parse(text) as { readonly pid: number }).pid : Number(text);
  if (!Number.isInteger(pid) || pid < 2) throw new Error(`${pidFile} has no process id`);
  const name = `/proc/${pid}/comm`;
  if (process.platform !== 'linux') return pid;
  if (!existsSync(name)) throw new Error(`${pidFile} names process ${pid}, which does not run`);
  const program = readFileSync(name, 'utf8').trim();
  if (program !== 'mosquitto') throw new Error(`${pidFile} names process ${pid}, which is ${program}`);
  return pid;
}

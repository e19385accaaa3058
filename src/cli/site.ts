/** The three things that make a deployment, and a way to bring all of them from one place to another. */
import { existsSync, mkdirSync } from 'node:fs';
import { openFileBlobStore } from '../adapters/artifact-store/file/file-blob-store.ts';
import { copyKeyDirectory, copyKeyFile } from '../adapters/keys/file/copy-key-directory.ts';
import { type CopiedBlobs, copyBlobs } from '../app/copy/copy-blobs.ts';
import { type Config, type DataPaths, environmentName, pathsOf } from '../config.ts';
import { type OpenedBlobs, openBlobs } from '../main/engines/blobs.ts';
import { logSpecOf } from '../main/engines/event-log.ts';
import { copyAndVerify, type NamedLog } from './copy-and-verify.ts';
import type { Report } from './copy-report.ts';
import { startProgress } from './progress.ts';
import { sayOnStderr } from './say.ts';

export interface Site {
  readonly log: NamedLog;
  blobs(readOnly: boolean): Promise<OpenedBlobs>;
  readonly paths: DataPaths;
}

/** What a server with these settings runs on. */
export const configuredSite = (config: Config): Site => ({
  log: { spec: logSpecOf(config), name: environmentName('eventStore') },
  blobs: (readOnly) => openBlobs(config, sayOnStderr, readOnly),
  paths: config.paths,
});

/** A data directory of the embedded default, which is what a backup is. */
export function directorySite(directory: string): Site {
  const paths = pathsOf(directory);
  return {
    log: { spec: { kind: 'sqlite', path: paths.log }, name: directory },
    async blobs(readOnly) {
      const blobs = await openFileBlobStore({ directory: paths.blobs, readOnly });
      return { blobs, connected: () => true, stats: () => ({}), close: () => undefined };
    },
    paths,
  };
}

export interface Transferred {
  readonly ok: boolean;
  readonly log: Report;
  /** Null when they were left out. */
  readonly artifacts: CopiedBlobs | null;
  readonly keyFiles: number;
}

export interface TransferOptions {
  readonly artifacts: boolean;
  /** Whether keys that are there are brought up to date, or never touched. */
  readonly replaceKeys: boolean;
}

/**
 * The log first: every artifact and key that it names was there before its event, so what is copied after it is
 * complete, also beside a running server. Keys that must not be replaced come before all: when they are refused,
 * nothing has been written.
 */
export async function transfer(from: Site, to: Site, options: TransferOptions): Promise<Transferred> {
  mkdirSync(to.paths.dataDir, { recursive: true, mode: 0o700 });
  const keys = (): Promise<number> => copyKeys(from.paths, to.paths, options.replaceKeys);
  const early = options.replaceKeys ? null : await keys();
  const log = await copyAndVerify(from.log, to.log);
  const artifacts = options.artifacts ? await copyArtifacts(from, to) : null;
  const keyFiles = early ?? (await keys());
  const damaged = artifacts?.damagedCount ?? 0;
  return { ok: log.ok && damaged === 0, log, artifacts, keyFiles };
}

async function copyKeys(from: DataPaths, to: DataPaths, replace: boolean): Promise<number> {
  const files = await copyKeyDirectory(from.keys, to.keys, replace);
  if (replace || !existsSync(to.adminKey)) await copyKeyFile(from.adminKey, to.adminKey);
  return files;
}

async function copyArtifacts(from: Site, to: Site): Promise<CopiedBlobs> {
  const source = await from.blobs(true);
  try {
    const target = await to.blobs(false);
    const progress = startProgress('artifacts');
    try {
      return await copyBlobs(source.blobs, target.blobs, ({ copied, held, bytes }) =>
        progress.at(null, `${copied} files with ${bytes} bytes copied, ${held} were there`),
      );
    } finally {
      progress.end();
      target.close();
    }
  } finally {
    source.close();
  }
}

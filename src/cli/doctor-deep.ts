import { existsSync } from 'node:fs';
import { openKeys } from '../adapters/keys/file/open-keys.ts';
import { checkIntegrity } from '../app/artifacts/integrity.ts';
import { bad, type Finding, good } from '../app/ports/probe.ts';
import { type Config, environmentName } from '../config.ts';
import { openBlobs } from '../main/engines/blobs.ts';
import { logSpecOf, openLogReader } from '../main/engines/event-log.ts';
import { sayOnStderr } from './say.ts';

const ADVICE = 'Withdraw the artifact, and upload it under a new version; vehicles refuse these bytes too.';

/** Reads, decrypts and compares every stored file. Reads only, so that it may run beside a server. */
export async function examineArtifacts(config: Config): Promise<Finding[]> {
  const { paths, masterKey } = config;
  const spec = logSpecOf(config);
  const noLog = spec.kind === 'sqlite' && !existsSync(spec.path);
  if (noLog || !existsSync(paths.keys)) return [good('artifacts', 'none yet')];
  const master =
    masterKey === undefined
      ? {}
      : { masterKey: { base64: masterKey, setting: environmentName('masterKey') } };
  const { wrapper } = await openKeys({ directory: paths.keys, ...master });
  const opened = await openBlobs(config, sayOnStderr, true);
  try {
    const store = await openLogReader(spec, sayOnStderr);
    try {
      return await compare({ store, blobs: opened.blobs, wrapper });
    } finally {
      await store.close();
    }
  } finally {
    opened.close();
  }
}

async function compare(deps: Parameters<typeof checkIntegrity>[0]): Promise<Finding[]> {
  const findings: Finding[] = [];
  let files = 0;
  try {
    for await (const { sha256, artifactId, ok, problem } of checkIntegrity(deps)) {
      files++;
      if (process.stderr.isTTY) process.stderr.write(`\r${files} files read`);
      if (!ok) findings.push(bad('artifact file', `${artifactId}: ${problem} (${sha256})`, ADVICE));
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
  return findings.length > 0
    ? findings
    : [good('artifacts', `${files} files decrypt to the digests in the log`)];
}

import { existsSync } from 'node:fs';
import { openFileBlobStore } from '../adapters/artifact-store/file/file-blob-store.ts';
import { openSqliteEventReader } from '../adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openKeys } from '../adapters/keys/file/open-keys.ts';
import { checkIntegrity } from '../app/artifacts/integrity.ts';
import { bad, type Finding, good } from '../app/ports/probe.ts';
import { type Config, environmentName } from '../config.ts';

const ADVICE = 'Withdraw the artifact, and upload it under a new version; vehicles refuse these bytes too.';

/** Reads, decrypts and compares every stored file. Reads only, so that it may run beside a server. */
export async function examineArtifacts({ paths, masterKey }: Config): Promise<Finding[]> {
  if (!existsSync(paths.log) || !existsSync(paths.keys)) return [good('artifacts', 'none yet')];
  const master =
    masterKey === undefined
      ? {}
      : { masterKey: { base64: masterKey, setting: environmentName('masterKey') } };
  const { wrapper } = await openKeys({ directory: paths.keys, ...master });
  const blobs = await openFileBlobStore({ directory: paths.blobs, readOnly: true });
  const store = openSqliteEventReader({ path: paths.log });
  const findings: Finding[] = [];
  let files = 0;
  try {
    for await (const { sha256, artifactId, ok, problem } of checkIntegrity({ store, blobs, wrapper })) {
      files++;
      if (process.stderr.isTTY) process.stderr.write(`\r${files} files read`);
      if (!ok) findings.push(bad('artifact file', `${artifactId}: ${problem} (${sha256})`, ADVICE));
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    await store.close();
  }
  return findings.length > 0
    ? findings
    : [good('artifacts', `${files} files decrypt to the digests in the log`)];
}

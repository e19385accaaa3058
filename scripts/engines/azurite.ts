/** Azure Blob Storage for development, tests and CI: Microsoft's emulator Azurite, blob service only. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';

const ACCOUNT = 'fleetwave';
const PROBE_MS = 3000;
const packagePath = createRequire(import.meta.url).resolve('azurite/package.json');
const { version } = JSON.parse(readFileSync(packagePath, 'utf8')) as { version: string };

export const azurite: EngineRecipe = {
  name: 'azurite',
  setting: 'FLEETWAVE_AZURE_BLOB',

  /** It comes with `npm ci`. */
  async install() {},

  async start(options: StartOptions): Promise<RunningEngine> {
    const { directory } = options;
    const port = await rememberedPort(directory, options.port);
    const key = rememberedKey(directory);
    const data = join(directory, 'data');
    mkdirSync(data, { recursive: true });
    const url =
      `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};` +
      `BlobEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`;
    const process_ = await launch({
      name: 'Azurite',
      directory,
      command: process.execPath,
      args: [
        join(dirname(packagePath), 'dist/src/blob/main.js'),
        ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', data],
        ...['--silent', '--disableTelemetry', '--disableProductStyleUrl'],
        // The client is often a service version ahead of the emulator, which refuses it then.
        '--skipApiVersionCheck',
      ],
      env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
      probe: () => listContainers(url),
    });
    return { name: 'azurite', url, version: `Azurite ${version}`, directory, ...process_ };
  },
};

/** Made up at the first start of a directory. */
function rememberedKey(directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'account-key');
  if (!existsSync(path)) writeFileSync(path, randomBytes(64).toString('base64'), { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

async function listContainers(connectionString: string): Promise<void> {
  const client = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
  const pages = client.listContainers({ abortSignal: AbortSignal.timeout(PROBE_MS) }).byPage();
  await pages.next();
}

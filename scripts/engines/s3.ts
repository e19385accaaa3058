/** S3 for development, tests and CI: versitygw over a directory, built once by the Go toolchain. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { engineCache, fillOnce } from './cache.ts';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';
import { run } from './run.ts';

const VERSION = '1.8.0';
const MODULE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
const BUCKET = 'fleetwave';
const PROBE_MS = 3000;
const home = (): string => engineCache(`versitygw-${VERSION}`);

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const s3: EngineRecipe = {
  name: 's3',
  setting: 'FLEETWAVE_S3',

  async install(say) {
    await fillOnce(home(), async (scratch) => {
      say(`versitygw ${VERSION}: building, once, for a minute or two`);
      await run('go', ['install', MODULE], {
        env: { ...process.env, GOBIN: scratch },
        missing:
          'versitygw is built with Go 1.24 or newer: install it (https://go.dev/dl), or set FLEETWAVE_S3.',
      });
    });
  },

  async start(options: StartOptions): Promise<RunningEngine> {
    const { directory } = options;
    const port = await rememberedPort(directory, options.port);
    const credentials = rememberedCredentials(directory);
    const data = join(directory, 'data');
    const versions = join(directory, 'versions');
    for (const folder of [data, versions]) mkdirSync(folder, { recursive: true });
    const { accessKeyId, secretAccessKey } = credentials;
    const endpoint = `http://127.0.0.1:${port}`;
    const process_ = await launch({
      name: 'versitygw',
      directory,
      command: join(home(), 'versitygw'),
      args: ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions, data],
      env: { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      probe: () => makeBucket(endpoint, credentials),
    });
    const query = new URLSearchParams({ endpoint, region: 'us-east-1', accessKeyId, secretAccessKey });
    return {
      name: 's3',
      url: `s3://${BUCKET}?${query}`,
      version: `versitygw ${VERSION}`,
      directory,
      ...process_,
    };
  },
};

/** Made up at the first start of a directory. */
function rememberedCredentials(directory: string): Credentials {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'credentials.json');
  if (!existsSync(path)) {
    const made: Credentials = {
      accessKeyId: `fleetwave${randomBytes(4).toString('hex')}`,
      secretAccessKey: randomBytes(20).toString('hex'),
    };
    writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Credentials;
}

/** Makes the bucket of tests and demo unless it is there. @throws what the S3 client throws. */
export async function makeBucket(endpoint: string, credentials: Credentials): Promise<void> {
  const client = new S3Client({
    endpoint,
    credentials,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
  });
  const abortSignal = AbortSignal.timeout(PROBE_MS);
  try {
    await client.send(new HeadBucketCommand({ Bucket: BUCKET }), { abortSignal });
  } catch (error) {
    if ((error as Error).name !== 'NotFound') throw error;
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }), { abortSignal });
  } finally {
    client.destroy();
  }
}

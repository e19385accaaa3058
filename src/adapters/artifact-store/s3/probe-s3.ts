/** What `fleetwave doctor` finds out about the S3 bucket. */
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type Finding, good } from '../../../app/ports/probe.ts';
import { INCOMING } from '../object-storage.ts';
import { attempt, checkClock, checkRoundTrip, PROBE_MS } from '../probe-steps.ts';
import { lifecycleFindings } from './lifecycle.ts';
import { createS3Client } from './s3-client.ts';
import { placeOf, toBlobStoreError } from './s3-errors.ts';
import type { S3Settings } from './s3-settings.ts';

/**
 * Reachable, the bucket there, may we write, read and delete, whose clock is wrong, and would a lifecycle rule take
 * artifacts away. Leaves nothing behind; never throws; takes five seconds at most.
 */
export async function probeS3(settings: S3Settings): Promise<Finding[]> {
  const client = createS3Client(settings, {
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1900, requestTimeout: 3000, throwOnRequestTimeout: true },
  });
  const told = serverTimeOf(client);
  const options = { abortSignal: AbortSignal.timeout(PROBE_MS) };
  const call = async <T>(permission: string, request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      throw toBlobStoreError(error, settings, permission);
    }
  };
  const Bucket = settings.bucket;
  const object = { Bucket, Key: `${settings.prefix}${INCOMING}probe-${randomUUID()}` };
  try {
    const reached = await attempt('artifact store', async () => {
      await call('s3:ListBucket', client.send(new HeadBucketCommand({ Bucket }), options));
      return `${placeOf(settings)} (${told.server ?? 'does not say what it is'})`;
    });
    if (!reached.ok) return [reached];
    const roundTrip = await checkRoundTrip({
      put: async (Body) => {
        await call('s3:PutObject', client.send(new PutObjectCommand({ ...object, Body }), options));
      },
      get: async () => {
        const { Body } = await call('s3:GetObject', client.send(new GetObjectCommand(object), options));
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      },
      remove: async () => {
        await call('s3:DeleteObject', client.send(new DeleteObjectCommand(object), options));
      },
    });
    const clock = checkClock(told.time, told.at);
    return [reached, roundTrip, clock, ...(await checkRules(client, settings, options))];
  } finally {
    client.destroy();
  }
}

/** Not every store has rules, and not every key may read them: that is no fault. */
async function checkRules(
  client: S3Client,
  { bucket: Bucket, prefix }: S3Settings,
  options: { readonly abortSignal: AbortSignal },
): Promise<Finding[]> {
  const [versioning, lifecycle] = await Promise.allSettled([
    client.send(new GetBucketVersioningCommand({ Bucket }), options),
    client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }), options),
  ]);
  const none = lifecycle.status === 'rejected' && nameOf(lifecycle.reason) === 'NoSuchLifecycleConfiguration';
  const versioned = versioning.status === 'fulfilled' && versioning.value.Status === 'Enabled';
  if (lifecycle.status === 'rejected' && !none)
    return [good('artifact store rules', `lifecycle rules can't be read (${nameOf(lifecycle.reason)})`)];
  const rules = lifecycle.status === 'fulfilled' ? (lifecycle.value.Rules ?? []) : [];
  return lifecycleFindings(rules, prefix, versioned);
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

interface Told {
  server?: string | undefined;
  time?: Date;
  /** When the answer with that time came, milliseconds since 1970. */
  at: number;
}

/** What the headers of the newest answer say of the server. */
function serverTimeOf(client: S3Client): Told {
  const told: Told = { at: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string | undefined> };
      told.server = headers?.['server'];
      told.time = new Date(headers?.['date'] ?? Number.NaN);
      told.at = Date.now();
      return result;
    },
    { step: 'deserialize' },
  );
  return told;
}

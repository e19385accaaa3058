/** The S3 client, with a bound on everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { BlobStoreError } from '../blob-store-error.ts';
import { MAX_READS } from '../object-blob-store.ts';
import { type Watch, watched } from '../watch.ts';
import { toBlobStoreError } from './s3-errors.ts';
import type { S3Settings } from './s3-settings.ts';

const CONNECT_MS = 5000;
/** From the first byte sent until an answer begins: a part of 8 MiB at 1.5 Mbit/s. */
const ANSWER_MS = 45_000;
/** A vehicle waits for it. */
const READ_ANSWER_MS = 15_000;
/** Copies are answered with blanks at once, and with the result when they are done. */
const SILENCE_MS = 120_000;
const ATTEMPTS = 4;
const SOCKETS = 64;
const BUSY_PAUSE_MS = 250;

export interface S3Calls {
  /**
   * Runs one request.
   * @param permission that it needs, for the error.
   * @param stop that the request was given to end it.
   * @throws BlobStoreError.
   */
  call<T>(permission: string, request: (client: S3Client) => Promise<T>, stop?: AbortSignal): Promise<T>;
  /** The same over connections of their own, which slow readers may hold. */
  callForReading<T>(permission: string, request: (client: S3Client) => Promise<T>): Promise<T>;
  /** For links: knows the store by the address that vehicles use. */
  readonly signer: S3Client;
  close(): void;
}

export function createS3Client(settings: S3Settings, more: S3ClientConfig = {}): S3Client {
  const { endpoint, region, forcePathStyle, credentials } = settings;
  return new S3Client({
    forcePathStyle,
    maxAttempts: ATTEMPTS,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    ...more,
  });
}

export function openS3Calls(settings: S3Settings, watch: Watch): S3Calls {
  const bounds = { connectionTimeout: CONNECT_MS, throwOnRequestTimeout: true };
  const sockets = (maxSockets: number) => ({ httpAgent: { maxSockets }, httpsAgent: { maxSockets } });
  const client = createS3Client(settings, {
    requestHandler: {
      ...bounds,
      requestTimeout: ANSWER_MS,
      socketTimeout: SILENCE_MS,
      ...sockets(SOCKETS),
    },
  });
  // The SDK's check of a body sits between it and the socket, and a reader that stops would leave the socket open.
  // Digest and authenticated encryption tell more than a CRC.
  const unchecked = { responseChecksumValidation: 'WHEN_REQUIRED' } as const;
  const reader = createS3Client(settings, {
    ...unchecked,
    // No bound on silence: it would cut off readers that are slower than the store.
    requestHandler: { ...bounds, requestTimeout: READ_ANSWER_MS, ...sockets(MAX_READS) },
  });
  const { publicEndpoint } = settings;
  const signer =
    publicEndpoint === undefined
      ? reader
      : createS3Client({ ...settings, endpoint: publicEndpoint }, unchecked);
  const with_ =
    (one: S3Client) =>
    <T>(permission: string, request: (client: S3Client) => Promise<T>, stop?: AbortSignal): Promise<T> => {
      const explain = (error: unknown) => toBlobStoreError(error, settings, permission);
      return watched(watch, explain, () => request(one), stop);
    };
  return {
    call: with_(client),
    callForReading: with_(reader),
    signer,
    close() {
      for (const one of new Set([client, reader, signer])) one.destroy();
    },
  };
}

/** S3 refuses a conditional write while another one of the same key is going on, and says to repeat it. */
export async function untilNotBusy<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof BlobStoreError) || error.code !== 'busy' || attempt === ATTEMPTS) throw error;
      await sleep(BUSY_PAUSE_MS * attempt);
    }
  }
}

/** The S3 client, with a bound on everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { BlobStoreError } from '../blob-store-error.ts';
import { MAX_READS } from '../object-blob-store.ts';
import { toBlobStoreError } from './s3-errors.ts';
import type { S3Settings } from './s3-settings.ts';

const CONNECT_MS = 5000;
/** From the first byte sent until an answer begins: a part of 8 MiB at 1.5 Mbit/s. */
const ANSWER_MS = 45_000;
/** Copies are answered with blanks at once, and with the result when they are done. */
const SILENCE_MS = 120_000;
const ATTEMPTS = 4;
const SOCKETS = 64;
const BUSY_PAUSE_MS = 250;

export interface S3Calls {
  /**
   * Runs one request.
   * @param permission that it needs, for the error.
   * @throws BlobStoreError.
   */
  call<T>(permission: string, request: (client: S3Client) => Promise<T>): Promise<T>;
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

export function openS3Calls(settings: S3Settings): S3Calls {
  const bounds = {
    connectionTimeout: CONNECT_MS,
    requestTimeout: ANSWER_MS,
    throwOnRequestTimeout: true,
  };
  const sockets = (maxSockets: number) => ({ httpAgent: { maxSockets }, httpsAgent: { maxSockets } });
  const client = createS3Client(settings, {
    requestHandler: { ...bounds, socketTimeout: SILENCE_MS, ...sockets(SOCKETS) },
  });
  const reader = createS3Client(settings, {
    // No bound on silence: it would cut off readers that are slower than the store.
    requestHandler: { ...bounds, ...sockets(MAX_READS) },
    // The SDK's check sits between body and socket, and a reader that stops would leave the socket open. Digest and
    // authenticated encryption tell more than a CRC.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const { publicEndpoint } = settings;
  const signer =
    publicEndpoint === undefined ? reader : createS3Client({ ...settings, endpoint: publicEndpoint });
  const with_ =
    (one: S3Client) =>
    async <T>(permission: string, request: (client: S3Client) => Promise<T>): Promise<T> => {
      try {
        return await request(one);
      } catch (error) {
        throw toBlobStoreError(error, settings, permission);
      }
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

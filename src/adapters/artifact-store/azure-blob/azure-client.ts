/** The Azure client, with a bound on everything. */
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { type Watch, watched } from '../watch.ts';
import { toBlobStoreError } from './azure-errors.ts';
import type { AzureSettings } from './azure-settings.ts';

/** Of one try, at the server. */
const TRY_S = 30;
/** Of all tries together: a block of 8 MiB at 1 Mbit/s. */
const CALL_MS = 90_000;
/** The same where a vehicle waits for it. */
export const READ_MS = 30_000;

export interface AzureClient {
  readonly container: ContainerClient;
  /**
   * Runs one request, with the signal that bounds it.
   * @param what it wants, for the error.
   * @throws BlobStoreError.
   */
  call<T>(
    what: string,
    request: (signal: AbortSignal) => Promise<T>,
    bounds?: { readonly stop?: AbortSignal; readonly within_ms?: number },
  ): Promise<T>;
}

export function createAzureClient(settings: AzureSettings, watch: Watch, tries = 4): AzureClient {
  const { accountName, accountKey, endpoint } = settings;
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(accountName, accountKey), {
    retryOptions: {
      maxTries: tries,
      tryTimeoutInMs: TRY_S * 1000,
      retryDelayInMs: 200,
      maxRetryDelayInMs: 5000,
    },
  });
  return {
    container: service.getContainerClient(settings.container),
    async call(what, request, { stop, within_ms = CALL_MS } = {}) {
      const bound = new AbortController();
      const timer = setTimeout(() => bound.abort(), within_ms);
      const signal = stop === undefined ? bound.signal : AbortSignal.any([bound.signal, stop]);
      const explain = (error: unknown) => toBlobStoreError(error, settings, what);
      return await watched(watch, explain, () => request(signal), stop).finally(() => clearTimeout(timer));
    },
  };
}

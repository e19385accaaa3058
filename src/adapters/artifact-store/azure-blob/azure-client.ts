/** The Azure client, with a bound on everything. */
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { toBlobStoreError } from './azure-errors.ts';
import type { AzureSettings } from './azure-settings.ts';

/** Of one try, at the server. */
const TRY_S = 30;
/** Of all tries together: a block of 8 MiB at 1 Mbit/s. */
const CALL_MS = 90_000;

export interface AzureClient {
  readonly container: ContainerClient;
  /**
   * Runs one request, with the signal that bounds it.
   * @param what it wants, for the error.
   * @throws BlobStoreError.
   */
  call<T>(what: string, request: (signal: AbortSignal) => Promise<T>, stop?: AbortSignal): Promise<T>;
}

export function createAzureClient(settings: AzureSettings, tries = 4): AzureClient {
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
    async call(what, request, stop) {
      const bound = new AbortController();
      const timer = setTimeout(() => bound.abort(), CALL_MS);
      try {
        return await request(stop === undefined ? bound.signal : AbortSignal.any([bound.signal, stop]));
      } catch (error) {
        throw toBlobStoreError(error, settings, what);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

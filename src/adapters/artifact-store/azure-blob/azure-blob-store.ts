/** Immutable ciphertext in a container of Azure Blob Storage (DESIGN §9). */
import {
  type ObjectBlobStore,
  type ObjectBlobStoreOptions,
  openObjectBlobStore,
} from '../object-blob-store.ts';
import { createWatch } from '../watch.ts';
import type { AzureSettings } from './azure-settings.ts';
import { type AzureLimits, createAzureStorage } from './azure-storage.ts';

export { parseAzureSettings } from './azure-settings.ts';

/**
 * Opens the store: makes the container when it is missing, and removes what uploads have left that were cut off a day
 * ago or earlier. Any number of processes may use it at a time.
 * @throws BlobStoreError naming what is wrong.
 */
export const openAzureBlobStore = (
  settings: AzureSettings,
  options: ObjectBlobStoreOptions & AzureLimits,
): Promise<ObjectBlobStore> => {
  const watch = createWatch(options.log);
  return openObjectBlobStore(createAzureStorage(settings, options, watch), watch, options);
};

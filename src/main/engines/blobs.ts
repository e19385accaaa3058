/** Where ciphertext is kept: files, S3 or Azure. */
import { openFileBlobStore } from '../../adapters/artifact-store/file/file-blob-store.ts';
import type { BlobStoreWithStaging, Log } from '../../app/ports.ts';
import { type Config, ConfigError, environmentName } from '../../config.ts';
import type { Counters } from '../context.ts';

export interface OpenedBlobs {
  readonly blobs: BlobStoreWithStaging;
  readonly connected: () => boolean;
  readonly stats: Counters;
  readonly close: () => void;
}

/** @throws ConfigError naming the setting when the store can't be used. */
export async function openBlobs(config: Config, log: Log, readOnly = false): Promise<OpenedBlobs> {
  if (config.s3 === undefined && config.azureBlob === undefined) {
    const directory = config.paths.blobs;
    const blobs = await openFileBlobStore(readOnly ? { directory, readOnly } : { directory });
    return { blobs, connected: () => true, stats: () => ({}), close: () => undefined };
  }
  try {
    const blobs = await openObjects(config, log, readOnly);
    return {
      blobs,
      connected: () => blobs.reachable(),
      stats: () => blobs.stats(),
      close: () => blobs.close(),
    };
  } catch (error) {
    const setting = environmentName(config.s3 === undefined ? 'azureBlob' : 's3');
    throw new ConfigError(`${setting}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function openObjects({ s3, azureBlob, azureContainer }: Config, log: Log, readOnly: boolean) {
  if (s3 !== undefined) {
    const { openS3BlobStore, parseS3Url } = await import('../../adapters/artifact-store/s3/s3-blob-store.ts');
    return openS3BlobStore(parseS3Url(s3), { log, readOnly });
  }
  const { openAzureBlobStore, parseAzureSettings } = await import(
    '../../adapters/artifact-store/azure-blob/azure-blob-store.ts'
  );
  return openAzureBlobStore(parseAzureSettings(azureBlob ?? '', azureContainer), { log, readOnly });
}

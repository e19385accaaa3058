/** A storage account and a container in it: FLEETWAVE_AZURE_BLOB and FLEETWAVE_AZURE_CONTAINER. */
import { BlobStoreError } from '../blob-store-error.ts';

export interface AzureSettings {
  readonly accountName: string;
  /** Base64. */
  readonly accountKey: string;
  /** Of the blob service, without a slash at its end. */
  readonly endpoint: string;
  readonly container: string;
}

const KEYS = [
  'DefaultEndpointsProtocol',
  'AccountName',
  'AccountKey',
  'BlobEndpoint',
  'EndpointSuffix',
] as const;
/** Lower-case letters, digits and single hyphens, 3 to 63. */
const CONTAINER = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/;

const wrong = (what: string): BlobStoreError =>
  new BlobStoreError('settings', `FLEETWAVE_AZURE_BLOB: ${what}`, {
    advice: 'Take the connection string under "Access keys" of the storage account.',
  });

/**
 * Takes the connection string of an account with its key: with a SAS in its place neither links nor copies could be
 * signed.
 * @throws BlobStoreError `settings`, which never repeats the key.
 */
export function parseAzureSettings(connectionString: string, container: string): AzureSettings {
  if (!CONTAINER.test(container))
    throw new BlobStoreError(
      'settings',
      'FLEETWAVE_AZURE_CONTAINER: a container is named by 3 to 63 lower-case letters, digits and single hyphens',
    );
  const pairs = connectionString.split(';').filter((pair) => pair.trim() !== '');
  const given = new Map(pairs.map((pair) => splitAt(pair, pair.indexOf('='))));
  const [protocol = 'https', accountName, accountKey, blobEndpoint, suffix = 'core.windows.net'] = KEYS.map(
    (key) => given.get(key) || undefined,
  );
  if (given.has('SharedAccessSignature'))
    throw wrong('it has a shared access signature, and an account key is needed to sign links');
  if (accountName === undefined || accountKey === undefined)
    throw wrong('AccountName or AccountKey is missing');
  if (Buffer.from(accountKey, 'base64').toString('base64') !== accountKey)
    throw wrong('AccountKey is no Base64');
  const endpoint = blobEndpoint ?? `${protocol}://${accountName}.blob.${suffix}`;
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw wrong('BlobEndpoint is no http(s) address');
  return { accountName, accountKey, endpoint: endpoint.replace(/\/+$/, ''), container };
}

/** Keys are Base64 and may end with `=`. */
const splitAt = (pair: string, at: number): [string, string] => [
  pair.slice(0, at).trim(),
  pair.slice(at + 1).trim(),
];

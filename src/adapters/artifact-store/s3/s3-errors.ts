/** What the S3 client throws, in words that an operator can act on. */
import { BlobStoreError, type BlobStoreErrorCode, networkCode } from '../blob-store-error.ts';
import type { S3Settings } from './s3-settings.ts';

interface ClientError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly $fault?: unknown;
}

/** `s3://bucket at https://…`: which store, without its secrets. */
export const placeOf = ({ bucket, prefix, endpoint, region }: S3Settings): string =>
  `s3://${bucket}/${prefix} at ${endpoint ?? `AWS ${region ?? ''}`.trim()}`;

const WRONG_KEY = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken']);
const OTHER_REGION = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraint',
]);

/** @param permission that the call needs, such as `s3:PutObject`. */
export function toBlobStoreError(error: unknown, settings: S3Settings, permission: string): BlobStoreError {
  if (error instanceof BlobStoreError) return error;
  const place = placeOf(settings);
  const of = (code: BlobStoreErrorCode, what: string, advice: string): BlobStoreError =>
    new BlobStoreError(code, `${place}: ${what}`, { advice: `${advice} (FLEETWAVE_S3).`, cause: error });
  if (!(error instanceof Error)) return of('failed', String(error), 'Look into its log');
  const { name, message, $metadata, $response } = error as ClientError;
  const status = $metadata?.httpStatusCode;
  if (name === 'CredentialsProviderError')
    return of('refused', 'there are no credentials', 'Give accessKeyId and secretAccessKey, or a role');
  if (status === undefined || name === 'TimeoutError') {
    const why = networkCode(error) ?? message;
    return of('unreachable', `no answer (${why})`, 'Check endpoint, network and certificate');
  }
  // HEAD is answered without a body, and then the status is all there is.
  if (name === 'NoSuchBucket' || (status === 404 && permission === 's3:ListBucket'))
    return of('missing', 'there is no such bucket', 'Create it, or correct its name');
  if (WRONG_KEY.has(name))
    return of('refused', `it does not take our key (${name})`, 'Correct the credentials');
  if (name === 'RequestTimeTooSkewed')
    return of('refused', 'our clock is wrong', 'Set the clock of this machine');
  if (status === 301 || OTHER_REGION.has(name)) {
    const region = $response?.headers?.['x-amz-bucket-region'];
    return of('refused', 'the bucket is in another region', `Set region=${region ?? 'of the bucket'}`);
  }
  if (status === 403)
    return of('refused', `we may not ${permission} there`, `Allow ${permission}, or correct the credentials`);
  if (status === 404) return of('missing', message, 'Check bucket and prefix');
  if (status === 412) return of('exists', message, 'It is there already');
  if (status === 409) return of('busy', `${name}: ${message}`, 'Repeat it');
  return of('failed', `${permission} was answered with ${status} ${name}: ${message}`, 'Look into its log');
}

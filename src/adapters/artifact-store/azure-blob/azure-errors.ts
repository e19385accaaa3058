/** What the Azure client throws, in words that an operator can act on. */
import { RestError } from '@azure/storage-blob';
import { BlobStoreError, type BlobStoreErrorCode, networkCode } from '../blob-store-error.ts';
import type { AzureSettings } from './azure-settings.ts';

/** Which container, without its secrets. */
export const placeOf = ({ endpoint, container }: AzureSettings): string => `${endpoint}/${container}`;

/** @param what we wanted, such as `write a block`. */
export function toBlobStoreError(error: unknown, settings: AzureSettings, what: string): BlobStoreError {
  if (error instanceof BlobStoreError) return error;
  const of = (code: BlobStoreErrorCode, problem: string, advice: string): BlobStoreError =>
    new BlobStoreError(code, `${placeOf(settings)}: ${problem}`, {
      advice: `${advice} (FLEETWAVE_AZURE_BLOB).`,
      cause: error,
    });
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  const { statusCode: status, code = '' } = error instanceof RestError ? error : { statusCode: undefined };
  if (status === undefined) {
    const why =
      networkCode(error) ??
      (name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : message);
    return of('unreachable', `could not ${what} (${why})`, 'Check endpoint, network and certificate');
  }
  if (code === 'ContainerNotFound')
    return of('missing', 'there is no such container', 'Create it, or correct FLEETWAVE_AZURE_CONTAINER');
  if (code === 'ContainerBeingDeleted')
    return of('failed', 'the container is being deleted', 'Wait a minute, or take another');
  if (code === 'AuthenticationFailed')
    return of('refused', 'it does not take our key', 'Correct AccountKey and the clock of this machine');
  if (status === 401 || status === 403)
    return of(
      'refused',
      `we may not ${what} (${code})`,
      'Check AccountKey, and allow keys and this network at the account',
    );
  if (status === 404) return of('missing', `there is nothing to ${what}`, 'Check the container');
  if (code === 'BlobAlreadyExists' || status === 412) return of('exists', message, 'It is there already');
  return of('failed', `could not ${what}: ${status} ${code}`, 'Look into the metrics of the account');
}

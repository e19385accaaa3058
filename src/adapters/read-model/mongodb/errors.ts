/** What errors of the driver and of MongoDB mean to us. */
import { MongoBulkWriteError, MongoError, MongoNetworkError, MongoServerSelectionError } from 'mongodb';

const DUPLICATE_KEY = 11_000;
/** The cursor or the plan is gone, because the collection is. */
const COLLECTION_GONE = new Set([43, 175]);

/** The server could not do it now; asked again, perhaps of another primary, it may. */
const TRANSIENT = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  262, // ExceededTimeLimit
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

export function isTransient(error: unknown): boolean {
  if (isTransientItself(error)) return true;
  // A bulk write wraps what ended it.
  return error instanceof MongoBulkWriteError && isTransientItself(error.errorResponse);
}

function isTransientItself(error: unknown): boolean {
  // Of the socket: the driver passes some of them on as they are.
  if (error instanceof Error && 'syscall' in error) return true;
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (!(error instanceof MongoError)) return false;
  // A pool without a free connection in time: the driver exports no class for it.
  if (error.name === 'MongoWaitQueueTimeoutError') return true;
  if (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('SystemOverloadedError')) return true;
  if (error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined) return true;
  return typeof error.code === 'number' && TRANSIENT.has(error.code);
}

export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoError && error.code === DUPLICATE_KEY;

export const isCollectionGone = (error: unknown): boolean =>
  error instanceof MongoError && typeof error.code === 'number' && COLLECTION_GONE.has(error.code);

/**
 * The operations of an unordered bulk write that met a document of the same id: by index.
 * @throws whatever else ended it; without the documents, which the driver puts into its errors and which belong in no log.
 */
export function duplicatesOf(error: unknown): readonly number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  // The driver shows write errors first, and keeps it to itself that the other writes were not confirmed.
  if (isTransient(error) || failures.length === 0) throw error;
  const other = failures.find(({ code }) => code !== DUPLICATE_KEY);
  if (other !== undefined)
    throw new Error(`MongoDB refused a document: ${other.errmsg} (code ${other.code})`);
  return failures.map(({ index }) => index);
}

/** The requests of a resumable upload (tus 1.0.0). */
import { answerOf, isProblem, noteWritten, path, problemIn, unreachable } from '../lib/api.ts';

/** The rest of a file goes in requests of this size: proxies bound how long one may take. */
const REQUEST_BYTES = 64 * 1024 * 1024;
/** A connection on which nothing moves for that long is given up; the system takes many minutes to notice. */
const STALLED_MS = 60_000;

const TUS = { 'tus-resumable': '1.0.0', 'fleetwave-session': '1' };

export interface Place {
  readonly url: string;
  /** Bytes that need not be sent (again); all of them when the file is stored. */
  readonly offset: number;
}

/** Begins an upload, or finds the one that was begun before with the same declaration. @throws ProblemError. */
export async function begin(
  artifactId: string,
  file: File,
  sha256: string,
  signal: AbortSignal,
): Promise<Place> {
  const response = await answerOf(
    fetch(path`/v1/artifacts/${artifactId}/uploads`, {
      method: 'POST',
      headers: {
        ...TUS,
        'upload-length': String(file.size),
        'upload-metadata': `filename ${btoa(file.name)},sha256 ${btoa(sha256)}`,
      },
      signal,
    }),
  );
  return {
    url: response.headers.get('location') ?? '',
    offset: offsetIn(response.headers.get('upload-offset')),
  };
}

const offsetIn = (header: string | null): number => Number(header ?? Number.NaN);

/** Removes what came of it, which the server may have done by itself. @throws ProblemError. */
export async function discard(url: string): Promise<void> {
  try {
    await answerOf(fetch(url, { method: 'DELETE', headers: TUS }));
  } catch (error) {
    if (!isProblem(error, 'upload-not-found') && !isProblem(error, 'upload-expired')) throw error;
  }
}

/**
 * Sends the next bytes, by XMLHttpRequest, because fetch does not say how much has been sent.
 * @param tell how many bytes of the file have been sent; all when the answer is awaited.
 * @returns where the upload stands. @throws ProblemError; AbortError when the signal is aborted.
 */
export function send(
  { url, offset }: Place,
  file: File,
  tell: (sent: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const end = Math.min(file.size, offset + REQUEST_BYTES);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PATCH', url);
    for (const [name, value] of Object.entries(TUS)) request.setRequestHeader(name, value);
    request.setRequestHeader('content-type', 'application/offset+octet-stream');
    request.setRequestHeader('upload-offset', String(offset));
    let stalled = setTimeout(() => request.abort(), STALLED_MS);
    const abort = (): void => request.abort();
    signal.addEventListener('abort', abort);
    request.upload.onprogress = ({ loaded }) => {
      clearTimeout(stalled);
      stalled = setTimeout(abort, STALLED_MS);
      tell(offset + loaded);
    };
    // Now it is the server's turn, which may read the whole file.
    request.upload.onload = () => {
      clearTimeout(stalled);
      tell(end);
    };
    request.onabort = () => reject(signal.aborted ? signal.reason : unreachable());
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      if (request.status >= 300) return reject(problemIn(request.status, request.responseText));
      noteWritten(request.getResponseHeader('fleetwave-position'));
      resolve(offsetIn(request.getResponseHeader('upload-offset')));
    };
    request.onloadend = () => {
      clearTimeout(stalled);
      signal.removeEventListener('abort', abort);
    };
    request.send(file.slice(offset, end));
  });
}

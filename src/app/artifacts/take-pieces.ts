/** Stages the bytes of one request piece by piece, never more than one piece in memory. */
import type { StagedUploads } from './staged-uploads.ts';

export interface Intake {
  readonly uploads: Pick<StagedUploads, 'addPiece'>;
  readonly uploadId: string;
  /** Where the first byte belongs. */
  readonly from: number;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes of a piece. */
  readonly pieceBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Aborted with `newer` when another request goes on with this upload, with `closing` when the process ends. */
  readonly signal: AbortSignal;
}

export type Taken =
  /** All that came is durable, up to `offset`, and more has to come. */
  | { readonly what: 'staged'; readonly offset: number }
  /** The same, but the sender broke off. */
  | { readonly what: 'cut' }
  /**
   * The file is complete with these last bytes, which begin at `offset`. They are not staged: so a file that is not
   * stored yet has bytes that must come again, and they bring the attempt to store it with them.
   */
  | { readonly what: 'complete'; readonly offset: number; readonly tail: Uint8Array }
  | { readonly what: 'too-long' }
  /** Another request has written at `offset`. */
  | { readonly what: 'overtaken'; readonly offset: number }
  | { readonly what: 'taken-over' }
  /** What came before the process had to end is durable. */
  | { readonly what: 'closing' };

/** The sender's side failed. */
class CutError extends Error {}
class StoppedError extends Error {}

/** Ends at once when the signal is aborted, also while nothing comes. */
async function* untilStopped(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      const stop = (): void => reject(new StoppedError());
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      iterator
        .next()
        .then(resolve, (error: unknown) => reject(new CutError('the upload was cut', { cause: error })))
        .finally(() => signal.removeEventListener('abort', stop));
    });
  for (let chunk = await next(); chunk.done !== true; chunk = await next()) yield chunk.value;
}

/** @throws what the staging store throws. */
export async function takePieces(intake: Intake): Promise<Taken> {
  const { uploads, uploadId, from, size, pieceBytes, bytes, signal } = intake;
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - from));
  let at = from;
  let filled = 0;
  const stage = async (): Promise<boolean> => {
    if (filled === 0) return true;
    const mine = await uploads.addPiece(uploadId, at, buffer.subarray(0, filled));
    if (mine) [at, filled] = [at + filled, 0];
    return mine;
  };
  let short: 'cut' | 'closing' | null = null;
  try {
    for await (const chunk of untilStopped(bytes, signal)) {
      for (let taken = 0; taken < chunk.length; ) {
        if (at + filled === size) return { what: 'too-long' };
        const part = chunk.subarray(taken, taken + Math.min(pieceBytes, size - at) - filled);
        buffer.set(part, filled);
        filled += part.length;
        taken += part.length;
        const full = filled === pieceBytes && at + filled < size;
        if (full && !(await stage())) return { what: 'overtaken', offset: at };
      }
    }
  } catch (error) {
    if (error instanceof CutError) short = 'cut';
    else if (!(error instanceof StoppedError)) throw error;
    else if (signal.reason === 'newer') return { what: 'taken-over' };
    else short = 'closing';
  }
  if (at + filled === size) return { what: 'complete', offset: at, tail: buffer.subarray(0, filled) };
  if (!(await stage())) return { what: 'overtaken', offset: at };
  return short === null ? { what: 'staged', offset: at } : { what: short };
}

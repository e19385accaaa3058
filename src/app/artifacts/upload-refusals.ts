/** How requests of a resumable upload are refused. */
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import type { Taken } from './take-pieces.ts';

type Refused = { readonly ok: false; readonly rejection: Rejection };

const wrongOffset = (offset: number): Refused =>
  reject('offset-mismatch', `the upload stands at byte ${offset}`, 'Ask where it stands, and go on there.', {
    offset,
  });

/** What is wrong with a request before a byte of it is read. */
export function problemOf(
  upload: { readonly offset: number; readonly size: number },
  sent: { readonly offset: number; readonly length: number | null },
): Refused | null {
  const { offset, size } = upload;
  if (sent.offset !== offset) return wrongOffset(offset);
  return sent.length !== null && sent.offset + sent.length > size ? tooLong(size) : null;
}

const tooLong = (size: number): Refused =>
  reject(
    'body-too-large',
    `${size} bytes were declared, and more were sent`,
    'Send the file that was declared.',
  );

export const tooManyPieces = (pieces: number): Refused =>
  reject(
    'too-many-pieces',
    `the upload came in ${pieces} pieces`,
    'Begin it again, and send more at a time.',
  );

/** Of a request whose bytes were not all taken in. */
export function refusalOf(taken: Exclude<Taken, { readonly what: 'complete' | 'staged' }>): Refused {
  switch (taken.what) {
    case 'cut':
      return reject('upload-incomplete', 'the upload was cut off', 'Ask where it stands, and go on there.');
    case 'too-long':
      return reject(
        'body-too-large',
        'more bytes were sent than were declared',
        'Send the file that was declared.',
      );
    case 'overtaken':
      return wrongOffset(taken.offset);
    case 'taken-over':
      return reject('upload-taken-over', 'another request goes on with this upload', 'Leave it to that one.');
    case 'closing':
      return reject('shutting-down', 'the server is shutting down', 'Go on when it is there again.');
  }
}

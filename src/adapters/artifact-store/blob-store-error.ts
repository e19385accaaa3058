/** What goes wrong with a store outside the process, in words that an operator can act on. */

export type BlobStoreErrorCode =
  /** The setting itself is wrong. */
  | 'settings'
  /** No answer, or none in time. */
  | 'unreachable'
  /** The store knows us not, or does not let us. */
  | 'refused'
  /** There is no such blob, bucket or container. */
  | 'missing'
  /** There is one already, and it was asked to be new. */
  | 'exists'
  /** Somebody else writes it at this very moment. */
  | 'busy'
  | 'failed';

export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
  readonly code: BlobStoreErrorCode;
  readonly problem: string;
  /** What to do, with the name of the setting; empty when nothing. It ends the message. */
  readonly advice: string;

  constructor(
    code: BlobStoreErrorCode,
    problem: string,
    more: { readonly advice?: string; readonly cause?: unknown } = {},
  ) {
    const { advice = '', cause } = more;
    super(advice === '' ? problem : `${problem}. ${advice}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.problem = problem;
    this.advice = advice;
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof BlobStoreError && error.code === 'missing';

/** The system's code of a broken connection, wherever a client has wrapped it. */
export function networkCode(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code, errors } = at as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code;
    if (Array.isArray(errors)) return networkCode(errors[0]);
  }
  return null;
}

import { type RefObject, useEffect, useMemo } from 'react';
import { ProblemError } from '../lib/api.ts';
import type { FieldError, Placed } from '../lib/placed.ts';

export const errorsIn = (error: unknown): readonly FieldError[] =>
  error instanceof ProblemError ? (error.body.errors ?? []) : [];

/** What is wrong, by field; the first of them gets the focus. `place` has to stay the same while the error does. */
export function usePlaced(
  error: unknown,
  place: (errors: readonly FieldError[]) => Placed,
  fields: RefObject<HTMLElement | null>,
): Placed {
  const found = useMemo(() => place(errorsIn(error)), [error, place]);
  useEffect(() => {
    if (found.paths.length === 0) return;
    const first = fields.current?.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) first.focus();
  }, [found, fields]);
  return found;
}

/** Errors of a refused command, by the field of the form that they mean. Pure. */

export interface FieldError {
  /** JSON Pointer of the value. */
  readonly path: string;
  readonly message: string;
}

export interface Placed {
  /** Messages by the id of their field. */
  readonly at: Readonly<Record<string, string>>;
  /** Paths that have their field. */
  readonly paths: readonly string[];
}

/** Does the JSON Pointer mean this value, or a part of it? */
export const isAt = (path: string, pointer: string): boolean =>
  path === pointer || path.startsWith(`${pointer}/`);

/** @param fieldOf id of the field for a path, or null where the form has none for it. */
export function placedBy(errors: readonly FieldError[], fieldOf: (path: string) => string | null): Placed {
  const at: Record<string, string> = {};
  const paths: string[] = [];
  for (const { path, message } of errors) {
    const field = fieldOf(path);
    if (field === null) continue;
    at[field] = at[field] === undefined ? message : `${at[field]}; ${message}`;
    paths.push(path);
  }
  return { at, paths };
}

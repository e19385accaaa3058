/** Names of staged objects, the same in every store: they become paths and keys, so nothing else may get in. */

/** Where they are, beside `content/` and `incoming/`. */
export const STAGED = 'staged/';

const NAME = /^[0-9a-f]{1,64}\/[a-z0-9]{1,32}$/;
const GROUP_PREFIX = /^[0-9a-f]{0,64}$/;

/** @throws RangeError when it is no name of a staged object. */
export function checkStagedName(name: string): void {
  if (!NAME.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name of a staged object`);
}

/** @throws RangeError when no group begins so. */
export function checkGroupPrefix(prefix: string): void {
  if (!GROUP_PREFIX.test(prefix)) throw new RangeError('groups are named by lower-case hexadecimal digits');
}

/** The name in a key below `prefix`; null for what is not ours. */
export function stagedNameIn(key: string | undefined, prefix: string): string | null {
  const name = key?.startsWith(prefix) === true ? key.slice(prefix.length) : '';
  return NAME.test(name) ? name : null;
}

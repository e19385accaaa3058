/**
 * Documents as MongoDB keeps them: native, so that tools can look into them, and such that they come back as the same
 * JSON text. What MongoDB or its driver would refuse or change is written in another way, marked by `%`.
 */

/** MongoDB refuses more than 100 levels; deeper parts are kept as text. */
const MAX_DEPTH = 60;
/** Stands for a value that is kept as JSON text. No key that was written by `writeKey` is equal to it. */
const AS_TEXT = '%json';

type Json = Readonly<Record<string, unknown>>;

/** @throws TypeError for what is no JSON value. */
export const toStored = (document: Json): Record<string, unknown> => writeObject(document, 1);

export const fromStored = (stored: unknown): Record<string, unknown> => readObject(stored as Json);

function writeValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : asText(value);
    case 'number':
      // As JSON has them: no infinity, one zero.
      return Number.isFinite(value) ? value + 0 : null;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_DEPTH) return asText(value);
      return Array.isArray(value)
        ? value.map((item: unknown) => (item === undefined ? null : writeValue(item, depth + 1)))
        : writeObject(value as Json, depth + 1);
    default:
      throw new TypeError(`a document holds JSON values only, not a ${typeof value}`);
  }
}

function writeObject(object: Json, depth: number): Record<string, unknown> {
  const stored: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object))
    if (value !== undefined) stored[writeKey(key)] = writeValue(value, depth);
  return stored;
}

const asText = (value: unknown): Record<string, string> => ({ [AS_TEXT]: JSON.stringify(value) });

/** Names that mean something to JavaScript or to the driver. */
const RESERVED = new Set(['__proto__', '_bsontype']);
/** Dots and a leading `$` mean something to queries, zero ends a name, half a surrogate pair has no UTF-8. */
const UNSAFE = /[%.\0]|^\$|\p{Surrogate}/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, 'gu');

function writeKey(key: string): string {
  if (key === '') return '%';
  if (RESERVED.has(key)) return `%5F${key.slice(1)}`;
  return UNSAFE.test(key) ? key.replace(EVERY_UNSAFE, escapeUnit) : key;
}

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0).toString(16).toUpperCase();
  return code.length > 2 ? `%u${code}` : `%${code.padStart(2, '0')}`;
}

const readKey = (key: string): string =>
  key.includes('%') && key !== '%'
    ? key.replace(/%u(....)|%(..)/g, (_, unit?: string, byte?: string) =>
        String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)),
      )
    : key === '%'
      ? ''
      : key;

function readValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(readValue);
  const text = (value as Json)[AS_TEXT];
  return text === undefined ? readObject(value as Json) : JSON.parse(text as string);
}

function readObject(stored: Json): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(stored)) {
    const key = readKey(name);
    if (key === '__proto__')
      Object.defineProperty(object, key, {
        value: readValue(value),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    else object[key] = readValue(value);
  }
  return object;
}

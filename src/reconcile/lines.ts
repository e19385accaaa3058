/** NDJSON, one object at a time, with errors that name the line. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export type Row = Readonly<Record<string, unknown>>;

export interface NumberedRow {
  readonly row: Row;
  /** `file:line`, for messages. */
  readonly at: string;
}

/** @throws Error for a file that can't be read, or a line that is no JSON object. */
export async function* readRows(path: string): AsyncGenerator<NumberedRow> {
  let line = 0;
  const input = createReadStream(path, 'utf8');
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text === '') continue;
    const at = `${path}:${line}`;
    yield { row: parse(text, at), at };
  }
}

function parse(text: string, at: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Row;
  } catch {
    // Told below, with the line.
  }
  throw new Error(`${at} is no JSON object: ${text.slice(0, 80)}`);
}

export class Fields {
  readonly #row: Row;
  readonly #at: string;

  constructor(row: Row, at: string) {
    this.#row = row;
    this.#at = at;
  }

  has(name: string): boolean {
    return this.#row[name] !== undefined && this.#row[name] !== null;
  }
  text(name: string): string {
    const value = this.#row[name];
    if (typeof value !== 'string') throw new Error(`${this.#at}: ${name} must be a string`);
    return value;
  }
  whole(name: string): number {
    const value = this.#row[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw new Error(`${this.#at}: ${name} must be a whole number`);
    return value;
  }
  list(name: string): readonly unknown[] {
    const value = this.#row[name];
    if (!Array.isArray(value)) throw new Error(`${this.#at}: ${name} must be a list`);
    return value;
  }
  object(name: string): Fields {
    return fieldsOf(this.#row[name], `${this.#at}: ${name}`);
  }
  objects(name: string): Fields[] {
    return this.list(name).map((item, i) => fieldsOf(item, `${this.#at}: ${name}[${i}]`));
  }
  /** Seqs as inclusive ranges. */
  ranges(name: string): [number, number][] {
    return this.list(name).map((range) => {
      const [first, last] = Array.isArray(range) ? (range as unknown[]) : [];
      if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last))
        throw new Error(`${this.#at}: ${name} must hold pairs of whole numbers`);
      return [first as number, last as number];
    });
  }
}

function fieldsOf(value: unknown, at: string): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`${at} must be an object`);
  return new Fields(value as Row, at);
}

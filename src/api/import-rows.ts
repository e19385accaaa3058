/** Rows of a vehicle import, from NDJSON or CSV, read from the stream one by one with a bounded memory. */
import type { Readable } from 'node:stream';
import { CsvError, parse as parseCsv } from 'csv-parse';
import { z } from 'zod';
import type { FieldError } from './problem.ts';
import { vehicleBody } from './routes/vehicles.ts';
import type { VehicleInput } from './services.ts';
import { fieldErrors } from './validation.ts';
import { wording } from './wording.ts';

/** Longest line, bytes: a vehicle with 200 ECUs fits well. */
const MAX_LINE_BYTES = 262_144;

const row = vehicleBody.extend({ vin: z.string().min(1).max(64) });

export type ImportRow =
  | { readonly line: number; readonly ok: true; readonly input: VehicleInput }
  | {
      readonly line: number;
      readonly ok: false;
      readonly vin: string | null;
      readonly detail: string;
      readonly errors: readonly FieldError[];
    };

const bad = (
  line: number,
  vin: string | null,
  detail: string,
  errors: readonly FieldError[] = [],
): ImportRow => ({
  line,
  ok: false,
  vin,
  detail,
  errors,
});

function check(line: number, value: unknown): ImportRow {
  const parsed = row.safeParse(value, { error: wording });
  if (!parsed.success) {
    const vin = (value as { vin?: unknown } | null)?.vin;
    const errors = fieldErrors(parsed.error.issues);
    return bad(line, typeof vin === 'string' ? vin : null, 'the row does not match the schema', errors);
  }
  const { vin, ecus, ...description } = parsed.data;
  return { line, ok: true, input: { vin, description, ...(ecus === undefined ? {} : { ecus }) } };
}

/** Lines with their numbers, from 1; null for one that is longer than the limit. */
async function* linesOf(bytes: Readable): AsyncGenerator<{ line: number; text: string | null }> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  let skipping = false;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, end);
      const whole = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      line++;
      yield { line, text: skipping || whole.length > MAX_LINE_BYTES ? null : whole.toString('utf8') };
      rest = Buffer.alloc(0);
      skipping = false;
      from = end + 1;
    }
    rest = skipping ? rest : Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > MAX_LINE_BYTES) {
      skipping = true;
      rest = Buffer.alloc(0);
    }
  }
  if (skipping || rest.length > 0) yield { line: line + 1, text: skipping ? null : rest.toString('utf8') };
}

/** One JSON object per line; empty lines are skipped. */
export async function* readNdjson(bytes: Readable): AsyncGenerator<ImportRow> {
  for await (const { line, text } of linesOf(bytes)) {
    if (text === null) yield bad(line, null, `the line is longer than ${MAX_LINE_BYTES} bytes`);
    else if (text.trim() !== '') yield parseLine(line, text);
  }
}

function parseLine(line: number, text: string): ImportRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return bad(line, null, `not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return check(line, value);
}

/**
 * CSV (RFC 4180) with a header line: `vin,brand,model,variant,region,timeZone,tags,buildDate,ecus`. Tags are
 * separated by `|`, `ecus` is a JSON array; an empty cell means "not given".
 */
export async function* readCsv(bytes: Readable): AsyncGenerator<ImportRow> {
  const parser = bytes.pipe(
    parseCsv({
      columns: true,
      bom: true,
      info: true,
      max_record_size: MAX_LINE_BYTES,
      relax_column_count: true,
    }),
  );
  bytes.once('error', (error) => parser.destroy(error));
  bytes.once('aborted', () => parser.destroy(new Error('the upload was cut')));
  const records = parser as AsyncIterable<{ record: Record<string, string>; info: { lines: number } }>;
  try {
    for await (const { record, info } of records) yield fromCells(info.lines, record);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // After a broken quote nothing more can be told apart.
    yield bad(parser.info.lines, null, `${error.message}; the rest of the file was not read`);
  }
}

function fromCells(line: number, cells: Record<string, string>): ImportRow {
  const value: Record<string, unknown> = Object.fromEntries(
    Object.entries(cells).filter(([, cell]) => cell !== ''),
  );
  const { tags, ecus } = cells;
  if (tags !== undefined && tags !== '') value['tags'] = tags.split('|');
  if (ecus !== undefined && ecus !== '') {
    try {
      value['ecus'] = JSON.parse(ecus);
    } catch {
      return bad(line, cells['vin'] ?? null, 'the cell ecus is not valid JSON');
    }
  }
  return check(line, value);
}

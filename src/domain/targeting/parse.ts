/** From text to query: recursive descent over the RSQL grammar, with every mistake at its character. */
import { type Comparison, join, type Pattern, type Query } from './ast.ts';
import { fail, type QueryError, QuerySyntaxError } from './errors.ts';
import { Scanner } from './scanner.ts';
import { checkOperator, checkValue, readSelector } from './selector.ts';

/** Characters of a query. */
export const MAX_QUERY_LENGTH = 10_000;
/** Parentheses within each other. */
const MAX_DEPTH = 50;

export type ParsedQuery =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly error: QueryError };

export function parseQuery(text: string): ParsedQuery {
  try {
    if (text.length > MAX_QUERY_LENGTH)
      fail(
        MAX_QUERY_LENGTH,
        text.length - MAX_QUERY_LENGTH,
        `the query has more than ${MAX_QUERY_LENGTH} characters`,
        'Upload long lists of vehicles (PUT /v1/vehicle-lists/{id}) and write vehicle=in=list:{id}.',
      );
    return { ok: true, query: readAll(new Scanner(text)) };
  } catch (error) {
    if (error instanceof QuerySyntaxError) return { ok: false, error: error.error };
    throw error;
  }
}

function readAll(scanner: Scanner): Query {
  scanner.skipSpace();
  if (scanner.ended)
    fail(scanner.at, 0, 'the query is empty', 'Write vehicle==* for all vehicles.', ['a selector', '(']);
  const query = readOr(scanner, 0);
  scanner.skipSpace();
  if (scanner.ended) return query;
  const closing = scanner.here === ')';
  return fail(
    scanner.at,
    1,
    closing ? 'this parenthesis was never opened' : `${scanner.describe()} where the comparison ends`,
    closing
      ? 'Remove it, or open it before.'
      : 'Join comparisons with ; (and) or , (or); quote values with spaces.',
    [';', ',', 'the end'],
  );
}

function readOr(scanner: Scanner, depth: number): Query {
  const nodes = [readAnd(scanner, depth)];
  while (scanner.take(',') || scanner.takeWord('or')) nodes.push(readAnd(scanner, depth));
  return join('or', nodes);
}

function readAnd(scanner: Scanner, depth: number): Query {
  const nodes = [readTerm(scanner, depth)];
  while (scanner.take(';') || scanner.takeWord('and')) nodes.push(readTerm(scanner, depth));
  return join('and', nodes);
}

function readTerm(scanner: Scanner, depth: number): Query {
  scanner.skipSpace();
  const opened = scanner.at;
  if (!scanner.take('(')) return readComparison(scanner);
  if (depth >= MAX_DEPTH)
    fail(opened, 1, `more than ${MAX_DEPTH} parentheses within each other`, 'Write the query flatter.');
  const query = readOr(scanner, depth + 1);
  if (scanner.take(')')) return query;
  if (scanner.ended) fail(opened, 1, 'this parenthesis is never closed', 'Close it with ).', [')']);
  return fail(
    scanner.at,
    1,
    `${scanner.describe()} where ; , or ) is expected`,
    'Join comparisons with ; (and) or , (or), and close the parenthesis.',
    [';', ',', ')'],
  );
}

function readComparison(scanner: Scanner): Comparison {
  const at = scanner.at;
  const name = scanner.plain();
  if (name === '')
    fail(
      at,
      scanner.ended ? 0 : 1,
      `a comparison is missing: ${scanner.describe()} here`,
      'Write selector, operator and value, such as model==X.',
      ['a selector', '('],
    );
  const selector = readSelector(name, at);
  scanner.skipSpace();
  const operatorAt = scanner.at;
  const operator = scanner.operator();
  checkOperator(selector, operator, { at: operatorAt, length: scanner.at - operatorAt });
  const value = (): Pattern => {
    scanner.skipSpace();
    const start = scanner.at;
    const read = scanner.value();
    checkValue(selector, operator, read, { at: start, length: scanner.at - start });
    return read;
  };
  const several = operator === '=in=' || operator === '=out=';
  return { kind: 'compare', selector, operator, values: several ? readValues(scanner, value) : [value()] };
}

/** `(a,b,c)`; one value may stand without parentheses. */
function readValues(scanner: Scanner, value: () => Pattern): readonly Pattern[] {
  scanner.skipSpace();
  const opened = scanner.at;
  if (!scanner.take('(')) return [value()];
  const values = [value()];
  while (scanner.take(',')) values.push(value());
  if (scanner.take(')')) return values;
  if (scanner.ended)
    fail(opened, 1, 'this parenthesis is never closed', 'Close the values with ).', [',', ')']);
  return fail(
    scanner.at,
    1,
    `${scanner.describe()} where , or ) is expected`,
    'Separate values with commas, and quote those with special characters.',
    [',', ')'],
  );
}

/** Queries as text again: `parse(print(query))` is the same query. */
import { type Comparison, type Pattern, type Query, selectorName } from './ast.ts';

/** Characters that mean something in RSQL, and so need quotes in a value. */
export const RESERVED = /["'();,=!~<>\\\s]/;
const WORDS = /^(and|or)$/i;

export function printQuery(query: Query): string {
  if (query.kind === 'compare') return printComparison(query);
  if (query.kind === 'or') return query.nodes.map(printQuery).join(',');
  return query.nodes
    .map((node) => (node.kind === 'or' ? `(${printQuery(node)})` : printQuery(node)))
    .join(';');
}

function printComparison({ selector, operator, values }: Comparison): string {
  const texts = values.map(printPattern);
  const several = operator === '=in=' || operator === '=out=';
  return `${selectorName(selector)}${operator}${several ? `(${texts.join(',')})` : (texts[0] ?? "''")}`;
}

function printPattern(pattern: Pattern): string {
  const plain = pattern.join('*');
  const simple =
    plain !== '' &&
    !WORDS.test(plain) &&
    pattern.every((piece) => !RESERVED.test(piece) && !piece.includes('*'));
  if (simple) return plain;
  return `'${pattern.map((piece) => piece.replaceAll(/[\\'*]/g, '\\$&')).join('*')}'`;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisonsOf, listsIn, type Query } from '../../../src/domain/targeting/ast.ts';
import { type QueryError, toRejection } from '../../../src/domain/targeting/errors.ts';
import { MAX_QUERY_LENGTH, parseQuery } from '../../../src/domain/targeting/parse.ts';
import { printQuery } from '../../../src/domain/targeting/print.ts';
import { query } from './arbitraries.ts';

function parsed(text: string): Query {
  const result = parseQuery(text);
  if (!result.ok) throw new Error(`${text}: ${result.error.message} at ${result.error.position}`);
  return result.query;
}
function wrong(text: string): QueryError {
  const result = parseQuery(text);
  if (result.ok) throw new Error(`${text} can be read`);
  return result.error;
}
/** The part of the text that an error points at. */
const pointed = (text: string): string => {
  const { position, length } = wrong(text);
  return text.slice(position, position + length);
};

describe('reading queries', () => {
  it('reads what hawkBit users write', () => {
    const text = 'model==X;region==DE;ecu.TCM.software=lt=2.1.0;tag=in=(beta,pilot)';
    expect(comparisonsOf(parsed(text)).map(({ operator }) => operator)).toEqual(['==', '==', '<', '=in=']);
    expect(printQuery(parsed(text))).toBe('model==X;region==DE;ecu.TCM.software<2.1.0;tag=in=(beta,pilot)');
  });

  it('gives and the higher rank, in both spellings', () => {
    const text = 'brand==a,brand==b;model==c';
    expect(parsed('brand==a or brand==b and model==c')).toEqual(parsed(text));
    expect(parsed(text)).toMatchObject({ kind: 'or', nodes: [{ kind: 'compare' }, { kind: 'and' }] });
    expect(parsed('(brand==a,brand==b);model==c')).toMatchObject({
      kind: 'and',
      nodes: [{ kind: 'or' }, {}],
    });
  });

  it.each([
    ['ecu.TCM.software=le=1.0.0', '<='],
    ['ecu.TCM.software>=1.0.0', '>='],
    ['ecu.TCM.software=gt=1.0.0', '>'],
    ['buildDate<2024-03-01', '<'],
    ['tag=out=(a)', '=out='],
    ['model!=X', '!='],
  ])('reads %s', (text, operator) => {
    expect(comparisonsOf(parsed(text)).map((one) => one.operator)).toEqual([operator]);
  });

  it('keeps what is in quotes, and tells a wildcard from a star', () => {
    expect(comparisonsOf(parsed("model=='Model (2024); a, b'"))[0]?.values).toEqual([['Model (2024); a, b']]);
    expect(comparisonsOf(parsed("model=='a\\*b'"))[0]?.values).toEqual([['a*b']]);
    expect(comparisonsOf(parsed('model==a*b'))[0]?.values).toEqual([['a', 'b']]);
    expect(comparisonsOf(parsed('vehicle==*'))[0]?.values).toEqual([['', '']]);
  });

  it('finds the lists that a query names', () => {
    expect(listsIn(parsed('vehicle=in=list:a;(vehicle=out=(V1,list:b),vehicle=in=(list:a))'))).toEqual([
      'a',
      'b',
    ]);
    expect(listsIn(parsed("tag=='list:c'"))).toEqual([]);
  });

  it('prints what it reads as the same query', () => {
    fc.assert(
      fc.property(query, (made) => {
        expect(parsed(printQuery(made))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });
});

describe('mistakes', () => {
  it.each([
    ['modle==X', 'modle', /Did you mean model/],
    ['model==X;regoin==DE', 'regoin', /Did you mean region/],
    ['reg==DE', 'reg', /Did you mean region/],
    ['ecu.TCM.sofware==1', 'sofware', /Did you mean software/],
    ['ecu.TCM.serial==42', 'serial', /vehicle=in=list/],
    ['model=X', '=X', /Equality is written ==/],
    ['model=like=X', '=like=', /operators/],
    ['model<X', '<', /order/],
    ['ecu.TCM.software<H7', 'H7', /2\.1\.0/],
    ['region==Germany', 'Germany', /DE-BY/],
    ['buildDate>2024-02-30', '2024-02-30', /YYYY-MM-DD/],
    ['tag=in=(a*)', 'a*', /==/],
    ['(model==X', '(', /Close it/],
    ['model==X)', ')', /Remove it/],
    ["model=='X", "'", /End the value/],
    ['tag=in=(a', '(', /Close the values/],
    ['model==X region==DE', 'r', /Join/],
    ['ecu.TCM.present==yes', 'yes', /true or false/],
    ['vehicle=in=list:A', 'list:A', /lower-case/],
  ])('points into %s at %s', (text, part, hint) => {
    expect(pointed(text)).toBe(part);
    expect(wrong(text).hint).toMatch(hint);
  });

  it.each(['', '  ', 'model==', 'model', 'model==X;', '(', 'tag=in=('])('points at the end of %j', (text) => {
    const { position } = wrong(text);
    expect([text.length, text.indexOf('(')]).toContain(position);
  });

  it('says which operators there are', () => {
    expect(wrong('model').expected).toContain('=in=');
  });

  it('gives a caller the character, and shows the place', () => {
    const text = 'brand==A;modle==X';
    expect(toRejection(text, wrong(text))).toMatchObject({
      code: 'invalid-query',
      hint: 'Did you mean model?',
      details: { at: 9, length: 5, excerpt: `${text}\n         ^^^^^` },
    });
  });

  it('refuses too long and too deep queries instead of running out of stack', () => {
    expect(wrong(`model==${'x'.repeat(MAX_QUERY_LENGTH)}`).position).toBe(MAX_QUERY_LENGTH);
    expect(wrong('('.repeat(5000)).message).toMatch(/parentheses/);
  });

  it('answers to every text with a query or a place inside it', () => {
    const characters = fc.constantFrom(
      ...'model=!<>;,()\'"\\* .ecuTAGinout123-~\n',
      'model==',
      'and ',
      'ecu.A.',
    );
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const result = parseQuery(text);
        if (result.ok) {
          expect(parsed(printQuery(result.query))).toEqual(result.query);
          return;
        }
        const { position, length, message, hint } = result.error;
        expect(position).toBeGreaterThanOrEqual(0);
        expect(position + length).toBeLessThanOrEqual(text.length);
        expect(message === '' || hint === '').toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

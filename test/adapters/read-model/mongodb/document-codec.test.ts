import fc from 'fast-check';
import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { fromStored, toStored } from '../../../../src/adapters/read-model/mongodb/document-codec.ts';

/** As the server would have it and give it back. */
const through = (document: Record<string, unknown>): Record<string, unknown> =>
  fromStored(BSON.deserialize(BSON.serialize({ document: toStored(document) }))['document']);

const awkward = fc.constantFrom(
  '',
  '%',
  '%json',
  '%5F',
  '%u0041',
  '$set',
  'a.b',
  '.',
  '..',
  'a$b',
  '\0',
  'x\0y',
  '__proto__',
  '_bsontype',
  'constructor',
  'toString',
  'toBSON',
  'length',
  '_id',
  'id',
  '10',
  '2',
  '\ud800',
  '\udc00\ud800',
  '😀',
  '5Q0-035.842$A',
);
const text = fc.oneof(awkward, fc.string({ unit: 'binary' }), fc.string());
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e308),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));
const documents = fc.dictionary(text, value, { maxKeys: 6, noNullPrototype: true });

describe('documents in MongoDB', () => {
  it('come back as the same JSON text, whatever their keys and values', () => {
    fc.assert(
      fc.property(documents, (document) => {
        // What a projection has came out of JSON: `__proto__` is a field like others.
        const json = JSON.stringify(document);
        expect(JSON.stringify(through(JSON.parse(json) as Record<string, unknown>))).toBe(json);
      }),
      { numRuns: 2000 },
    );
  });

  it('keep fields in their order, and null apart from missing', () => {
    const json = '{"z":1,"a":null,"position":"00","id":"x","nested":{"b":[],"a":{}},"e":{"__proto__":1}}';
    expect(JSON.stringify(through(JSON.parse(json) as Record<string, unknown>))).toBe(json);
  });

  it('leave out undefined fields, and have null for what JSON has no number for', () => {
    const document = { a: undefined, b: [undefined, Number.NaN], c: Number.POSITIVE_INFINITY };
    expect(JSON.stringify(through(document))).toBe(JSON.stringify(document));
  });

  it('may be nested deeper than MongoDB allows', () => {
    let nested: unknown = 'end';
    for (let depth = 0; depth < 500; depth++) nested = depth % 2 === 0 ? [nested] : { 'a.b': nested };
    const document = { nested };
    expect(JSON.stringify(through(document))).toBe(JSON.stringify(document));
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    expect(depthOf(toStored(document))).toBeLessThan(100);
  });

  it('are stored natively where nothing is unusual', () => {
    const document = { id: 'c1', counts: { DE: 3, 'a.b': 1 }, list: [1, 'x', { y: null }] };
    expect(toStored(document)).toEqual({
      id: 'c1',
      counts: { DE: 3, 'a%2Eb': 1 },
      list: [1, 'x', { y: null }],
    });
  });

  it('refuse what is no JSON value', () => {
    expect(() => toStored({ big: 1n })).toThrow(TypeError);
  });
});

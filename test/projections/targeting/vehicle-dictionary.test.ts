import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VehicleDictionary } from '../../../src/projections/targeting/vehicle-dictionary.ts';

describe('vehicle dictionary', () => {
  it('numbers ids from 0 and gives each back', () => {
    const id = fc.string({ unit: fc.constantFrom(...'ABC019'), minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 300 }), (ids) => {
        const dictionary = new VehicleDictionary();
        const expected = new Map<string, number>();
        for (const one of ids) {
          if (!expected.has(one)) {
            expect(dictionary.find(one)).toBe(-1);
            expected.set(one, expected.size);
          }
          expect(dictionary.intern(one)).toBe(expected.get(one));
        }
        expect(dictionary.size).toBe(expected.size);
        for (const [one, number] of expected) {
          expect(dictionary.find(one)).toBe(number);
          expect(dictionary.idOf(number)).toBe(one);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps ids over the end of a block and growing tables', () => {
    const dictionary = new VehicleDictionary();
    const count = 250_000;
    const idOf = (i: number): string => `WVWZZZ1JZ${String(i).padStart(8, '0')}`;
    for (let i = 0; i < count; i++) dictionary.intern(idOf(i));
    let wrong = 0;
    for (let i = 0; i < count; i++)
      if (dictionary.idOf(i) !== idOf(i) || dictionary.find(idOf(i)) !== i) wrong += 1;
    expect(wrong).toBe(0);
    expect(dictionary.bytes / count).toBeLessThan(50);
  });

  it('refuses what can be no id', () => {
    const dictionary = new VehicleDictionary();
    expect(dictionary.find('')).toBe(-1);
    expect(dictionary.find('ß')).toBe(-1);
    expect(() => dictionary.intern('ß')).toThrow(RangeError);
    expect(() => dictionary.idOf(0)).toThrow(RangeError);
  });
});

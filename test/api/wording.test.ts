import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { wording } from '../../src/api/wording.ts';

const wordsFor = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value, { error: wording }).error?.issues[0]?.message;

describe('what is wrong with a value', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['must be at most 100', z.number().max(100), 200],
    ['must be less than 100', z.number().lt(100), 100],
    ['must be at least 1', z.int().min(1), 0],
    ['must be more than 0', z.number().gt(0), 0],
    ['must be a whole number', z.int(), 1.5],
    ['must be a number', z.number(), 'many'],
    ['must be true or false', z.boolean(), 1],
    ['must be a text', z.string(), null],
    ['must not be empty', z.string().min(1), ''],
    ['must not be empty', z.array(z.string()).min(1), []],
    ['must have at least 2 entries', z.array(z.string()).min(2), ['a']],
    ['must have at most 3 characters', z.string().max(3), 'four'],
    ['is missing', z.string(), undefined],
    ['must be one of "routine", "critical"', z.enum(['routine', 'critical']), 'urgent'],
    ['must be "good"', z.literal('good'), 'bad'],
    ['must be an instant in ISO 8601, such as 2027-01-31T06:00:00Z', z.iso.datetime(), 'soon'],
    ['must be a UUID', z.uuid(), '1'],
  ])('is said: %s', (words, schema, value) => {
    expect(wordsFor(schema, value)).toBe(words);
  });

  it('is said by the schema where that has words of its own', () => {
    expect(wordsFor(z.string().regex(/^[A-Z]+$/, 'capital letters only'), 'a')).toBe('capital letters only');
  });
});

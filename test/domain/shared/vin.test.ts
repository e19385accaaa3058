import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasValidCheckDigit, isVin, vinProblem } from '../../../src/domain/shared/vin.ts';

const lines = (file: string): string[] =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe('VINs', () => {
  it.each(lines('vin-valid.txt'))('%s', (line) => {
    const [vin = '', checkDigit] = line.split(' ');
    expect(vinProblem(vin)).toBeNull();
    expect(hasValidCheckDigit(vin)).toBe(checkDigit === 'yes');
  });

  it.each([...lines('vin-invalid.txt'), ''])('not %j', (text) => {
    expect(isVin(text)).toBe(false);
    expect(vinProblem(text)).toMatch(/^a VIN has 17 characters|^character \d+ is /);
  });

  it('names the character that is wrong', () => {
    expect(vinProblem('1M8GDM9AXKPO42788')).toContain('character 12 is "O"');
  });

  it('notices one wrong digit', () => {
    expect(hasValidCheckDigit('1M8GDM9AXKP042789')).toBe(false);
  });
});

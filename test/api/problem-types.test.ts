import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROBLEM_TYPES, problemTypeOf } from '../../src/api/problem-types.ts';

const root = join(import.meta.dirname, '../../src');
/** Rejections of assignments are given to vehicles' reports, never over HTTP. */
const OVER_HTTP = ['domain', 'app'];
const NOT_OVER_HTTP = /domain\/(rollout|deployment)\/|app\/vehicle-link\//;
const REJECTION = /\b(?:reject|refused)\(\s*'([a-z-]+)'/g;

const files = OVER_HTTP.flatMap((part) =>
  readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, part, name)),
).filter((name) => !NOT_OVER_HTTP.test(name));

describe('the problem types', () => {
  it('list every rejection code that deciders and services give (src/api/domain-problems.ts)', () => {
    const codes = new Set(
      files.flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(REJECTION)].map((match) => match[1] ?? ''),
      ),
    );
    expect(codes.size).toBeGreaterThan(20);
    expect([...codes].filter((code) => PROBLEM_TYPES[code] === undefined).sort()).toEqual([]);
  });

  it('have a status of an error, a title, and a code of one form', () => {
    for (const [code, { status, title }] of Object.entries(PROBLEM_TYPES)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).toMatch(/^[A-Z]/);
    }
  });

  it('read an unlisted code as a conflict', () => {
    expect(problemTypeOf('something-new').status).toBe(409);
  });
});

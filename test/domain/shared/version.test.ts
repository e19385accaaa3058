import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  describeConstraint,
  isVersionRange,
  matchVersion,
  sameVersion,
} from '../../../src/domain/shared/version.ts';

describe('matching a version', () => {
  it.each([
    ['1.4.0', '>=1.4.0', true],
    ['1.4.0', '<1.4.0', false],
    ['1.4.0', '^1.2.0', true],
    // By precedence alone: pilot vehicles run pre-releases and must get updates too.
    ['2.1.0-rc.1', '<2.1.0', true],
    ['2.1.0-rc.1', '>=2.1.0', false],
    ['2.0.0-rc.1', '^1.2.0', false],
    ['1.3.0-rc.1', '^1.2.0', true],
    ['1.0.0-alpha', '*', true],
    ['v1.4.0', '>=1.4.0', true],
    ['1.4.0+build7', '1.4.0', true],
  ])('%s in %s: %s', (version, range, expected) => {
    expect(matchVersion(version, { range }).matches).toBe(expected);
  });

  it('says why it does not match', () => {
    expect(matchVersion('2024w12', { range: '*' })).toEqual({ matches: false, why: 'version-not-semver' });
    expect(matchVersion('1.0.0', { range: 'newest' })).toEqual({ matches: false, why: 'invalid-range' });
    expect(matchVersion('1.0.0', { range: '>2' })).toEqual({ matches: false, why: 'outside' });
    expect(matchVersion('B', { exact: ['A'] })).toEqual({ matches: false, why: 'outside' });
  });

  it('takes exact sets letter by letter', () => {
    expect(matchVersion('A', { exact: ['A', 'B'] }).matches).toBe(true);
    expect(matchVersion('v1.0.0', { exact: ['1.0.0'] }).matches).toBe(false);
  });

  it('keeps no more ranges than it should, and stays right', () => {
    for (let i = 0; i < 2000; i++)
      expect(matchVersion(`${i}.0.0`, { range: `=${i}.0.0` }).matches).toBe(true);
  });
});

describe('comparing versions', () => {
  it('orders semantic versions, builds included', () => {
    expect(compareVersions('1.9.0', '1.10.0')).toBeLessThan(0);
    expect(compareVersions('1.0.0', '1.0.0-rc.1')).toBeGreaterThan(0);
    expect(compareVersions('1.0.0+7', '1.0.0+8')).toBeLessThan(0);
    expect(sameVersion('v1.0.0', '1.0.0')).toBe(true);
    expect(sameVersion('1.0.0+7', '1.0.0+8')).toBe(false);
  });

  it('gives no order where there is none', () => {
    expect(compareVersions('w12', '1.0.0')).toBeNull();
    expect(compareVersions('1.0.0', '1.1.0', 'exact')).toBeNull();
    expect(compareVersions('w12', 'w12', 'exact')).toBe(0);
    expect(sameVersion('v1.0.0', '1.0.0', 'exact')).toBe(false);
  });

  it('tells ranges from other text', () => {
    expect([isVersionRange('>=1 <2 || 3.x'), isVersionRange('latest')]).toEqual([true, false]);
    expect(describeConstraint({ range: '>=1' })).toBe('>=1');
    expect(describeConstraint({ exact: ['A', 'B'] })).toBe('one of A, B');
  });
});

import { expect, it } from 'vitest';
import { failures } from '../../scripts/failures.ts';

it('says of each failed test its file, its name and how its message begins', () => {
  const test = { fullName: 'a campaign stops', status: 'failed' };
  const said = failures(
    [
      {
        name: '/repo/test/a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { ...test, failureMessages: [`expected 1 to be 2\n\n    at here${'\n    at there'.repeat(30)}`] },
          { ...test, fullName: 'another', status: 'passed', failureMessages: [] },
        ],
      },
      { name: '/repo/test/b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
      { name: '/repo/test/c.test.ts', status: 'passed', message: '', assertionResults: [] },
    ],
    '/repo',
  );
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(
    /^Failed: test\/a\.test\.ts > a campaign stops\n {2}expected 1 to be 2\n {6}at here\n/,
  );
  expect(said[0]?.split('\n')).toHaveLength(13);
  expect(said[1]).toBe('Failed: test/b.test.ts\n  no such module');
});

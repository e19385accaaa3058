import { describe, expect, it } from 'vitest';
import { fromRejection } from '../../src/api/problem.ts';

const rejection = { code: 'invalid-policy', message: 'no', hint: 'do' };

describe('a rejection as a problem', () => {
  it('points at the field that the domain names', () => {
    const problem = fromRejection({ ...rejection, details: { path: 'ecus.0.components', seen: 2 } });
    expect(problem.options.errors).toEqual([{ path: '/ecus/0/components', message: 'no' }]);
    expect(problem.options.details).toEqual({ seen: 2 });
  });

  it('points at several, and leaves out what it has not', () => {
    const errors = [{ path: 'policy.waves.1.size', message: 'too much' }];
    const problem = fromRejection({ ...rejection, details: { errors } });
    expect(problem.options.errors).toEqual([{ path: '/policy/waves/1/size', message: 'too much' }]);
    expect(problem.options.details).toBeUndefined();
    expect(fromRejection(rejection).options.errors).toBeUndefined();
  });
});

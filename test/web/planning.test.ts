/** A plan while it is written: its waves in any order, and what the server refuses beside the field it means. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignPolicy } from '../../src/domain/campaign/policy.ts';
import {
  emptyDraft,
  moveWave,
  newWave,
  policyOf,
  type WaveDraft,
  withWave,
} from '../../web/src/plan/draft.ts';
import { placed } from '../../web/src/plan/refused.ts';

const wave = (name: string, unit: WaveDraft['unit'], size = ''): WaveDraft =>
  newWave({ name, unit, size, success: '95', failure: '5', soakMinutes: '0', confirm: false });

const shape = (waves: readonly WaveDraft[]): readonly string[] =>
  waves.map(({ name, unit, size }) => `${name} ${size}${unit}`);

describe('waves', () => {
  const three = [wave('pilot', 'percent', '5'), wave('early', 'vehicles', '100'), wave('all', 'rest')];

  it('change places with their neighbours, and the last one keeps taking the rest', () => {
    expect(shape(moveWave(three, 0, 1))).toEqual(['early 100vehicles', 'pilot 5percent', 'all rest']);
    expect(shape(moveWave(three, 1, -1))).toEqual(shape(moveWave(three, 0, 1)));
    expect(shape(moveWave(three, 2, -1))).toEqual(['pilot 5percent', 'all 100vehicles', 'early rest']);
    expect(moveWave(three, 0, -1)).toEqual(three);
    expect(moveWave(three, 2, 1)).toEqual(three);
  });

  it('come before one that takes the rest, and else at the end; each with a name of its own', () => {
    expect(withWave(three).map(({ name }) => name)).toEqual(['pilot', 'early', 'wave-4', 'all']);
    const halves = [wave('wave-3', 'percent', '50'), wave('b', 'percent', '50')];
    expect(withWave(halves).map(({ name }) => name)).toEqual(['wave-3', 'b', 'wave-4']);
  });

  it('whatever is added and moved, none is lost and only the last one takes the rest', () => {
    const step = fc.record({
      add: fc.boolean(),
      at: fc.nat({ max: 7 }),
      by: fc.constantFrom(-1 as const, 1 as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let waves: readonly WaveDraft[] = emptyDraft().waves;
        for (const { add, at, by } of steps) {
          const before = waves;
          waves = add ? withWave(waves) : moveWave(waves, at % waves.length, by);
          expect(new Set(waves.map(({ key }) => key)).size).toBe(waves.length);
          expect(waves.length).toBe(before.length + (add ? 1 : 0));
          expect(waves.slice(0, -1).filter(({ unit }) => unit === 'rest')).toEqual([]);
          expect(waves.at(-1)?.unit).toBe('rest');
        }
      }),
    );
  });
});

describe('what the server refuses', () => {
  const draft = {
    ...emptyDraft(),
    artifacts: ['tcm@2.1.0'],
    waves: [wave('', 'percent', '0'), wave('all', 'rest')],
    from: '25:00',
    maxInFlight: '0',
  };
  const [first] = draft.waves;
  // The form sends numbers as JSON has them: what is none arrives as null.
  const refusal = campaignPolicy.safeParse(JSON.parse(JSON.stringify(policyOf(draft))));
  const errors = (refusal.error?.issues ?? []).map(({ path, message }) => ({
    path: `/policy/${path.join('/')}`,
    message,
  }));

  it('stands beside the field that the path means', () => {
    const { at, paths } = placed(errors, draft.waves);
    expect(Object.keys(at).sort()).toEqual(
      ['flight', 'from', `wave-${first?.key}-name`, `wave-${first?.key}-size`].sort(),
    );
    expect(paths).toHaveLength(errors.length);
  });

  it('goes with a wave that is moved after it was sent, and stays on top where there is no field', () => {
    const other = [
      { path: '/policy/waves/1/gate/soak_s', message: 'too long' },
      { path: '/policy/waves', message: 'more than 100 percent' },
      { path: '/policy/consentTextKey', message: 'too long' },
      { path: '/policy/waves/9/name', message: 'there is none' },
    ];
    const { at, paths } = placed(other, draft.waves);
    expect(at).toEqual({
      [`wave-${draft.waves[1]?.key}-soak`]: 'too long',
      waves: 'more than 100 percent',
    });
    expect(paths).toEqual(['/policy/waves/1/gate/soak_s', '/policy/waves']);
  });
});

/** Tables that are taken away hold the figures that the page shows. */
import { describe, expect, it } from 'vitest';
import {
  CODE_HEAD,
  codeRows,
  REGION_HEAD,
  regionRows,
  SLICE_HEAD,
  STAGE_HEAD,
  sliceRows,
  stageRows,
  WAVE_HEAD,
  waveRows,
} from '../../web/src/campaign/tables.ts';

const share = (targets: number, succeeded: number, failed: number) => ({
  targets,
  succeeded,
  failed,
  pending: targets - succeeded - failed,
  byPhase: {},
});

const progress = {
  waves: [{ ...share(20, 9, 1), wave: 1, name: 'pilot', state: 'passed' }],
  byPhase: { offered: 3, installing: 2, waiting: 90 },
  byRegion: { DE: share(60, 0, 0), FR: share(40, 1, 19) },
  byModelRegion: { 'A/B/FR': share(40, 1, 19), 'A3/DE': share(60, 0, 0) },
};

describe('figures as tables', () => {
  it('slices: type and region apart, shares in percent, with how sure they are', () => {
    const rows = sliceRows(progress, 0.05);
    for (const row of rows) expect(row).toHaveLength(SLICE_HEAD.length);
    expect(rows[0]?.slice(0, 7)).toEqual(['A/B', 'FR', 40, 1, 19, 20, 95]);
    expect(rows[0]?.at(-1)).toBe('bad');
    expect(rows[1]).toEqual(['A3', 'DE', 60, 0, 0, 60, null, 0, 100, 'none']);
  });

  it('regions sum up to the targets', () => {
    const rows = regionRows(progress, 0.05);
    for (const row of rows) expect(row).toHaveLength(REGION_HEAD.length);
    expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(100);
  });

  it('waves: what is planned until there are targets, and the state that the live numbers know', () => {
    const gate = { successPercent: 95, failurePercent: 5, soak_s: 60, confirm: false };
    const planned = (wave: number, name: string) => ({
      wave,
      name,
      state: 'planned',
      confirmed: false,
      gate: null,
    });
    const campaign = {
      waves: [planned(1, 'pilot'), planned(2, 'rest')],
      plan: { status: 'done', reason: null, waves: [20, 80] },
      policy: { waves: [{ gate }, { gate }] },
    };
    const rows = waveRows(campaign as never, progress as never);
    for (const row of rows) expect(row).toHaveLength(WAVE_HEAD.length);
    expect(rows[0]?.slice(0, 7)).toEqual([1, 'pilot', 'passed', 20, 9, 1, 10]);
    expect(rows[1]?.slice(0, 7)).toEqual([2, 'rest', 'planned', 80, 0, 0, 80]);
  });

  it('codes most frequent first, stages in their order', () => {
    expect(codeRows({ a: 1, b: 3 })).toEqual([
      ['b', 3],
      ['a', 1],
    ]);
    expect(stageRows(progress)[0]).toEqual(['offered', 3]);
    expect([CODE_HEAD.length, STAGE_HEAD.length]).toEqual([2, 2]);
  });
});

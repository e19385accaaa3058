/** What the dashboard computes by itself. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ACCESS } from '../../src/api/roles.ts';
import { sha256 } from '../../web/src/artifact/sha256.ts';
import { toCsv } from '../../web/src/lib/csv.ts';
import { MAY } from '../../web/src/lib/may.ts';
import { judge, wilson } from '../../web/src/lib/statistics.ts';
import { changesSinceApproval } from '../../web/src/plan/changes.ts';
import { completionAt } from '../../web/src/plan/completion.ts';
import { draftOf, emptyDraft, idFrom, policyOf } from '../../web/src/plan/draft.ts';
import { type Moment, whatIf } from '../../web/src/what-if/calculate.ts';

describe('how sure a rate is', () => {
  it('has the interval that Wilson gives', () => {
    const { low, high } = wilson(1, 10);
    expect(low).toBeCloseTo(0.0179, 3);
    expect(high).toBeCloseTo(0.4042, 3);
    expect(wilson(0, 0)).toEqual({ rate: 0, low: 0, high: 1 });
  });

  it('is never sure over few vehicles, unless they leave no doubt', () => {
    const over = (failed: number, of: number) => judge(wilson(failed, of), of, 0.05);
    expect(over(0, 0)).toBe('none');
    expect(over(1, 3)).toBe('bad');
    expect(over(1, 8)).toBe('unsure');
    expect(over(3, 40)).toBe('high');
    expect(over(300, 4000)).toBe('bad');
    expect(over(1, 400)).toBe('fine');
  });
});

describe('completion of a target query', () => {
  const facets = { region: [{ value: 'DE', vehicles: 3 }], model: [{ value: 'C One', vehicles: 1 }] };
  const at = (query: string) => {
    const { from, choices } = completionAt(query, query.length, facets);
    return choices.map((choice) => query.slice(0, from) + choice);
  };

  it('offers selectors, operators, values and what joins', () => {
    expect(at('reg')).toEqual(['region']);
    expect(at('region')).toContain('region==');
    expect(at('region=')).toContain('region=in=(');
    expect(at('region==')).toEqual(['region==DE']);
    expect(at('region=in=(FR,')).toEqual(['region=in=(FR,DE']);
    expect(at('region=in=(DE)')).toEqual(['region=in=(DE);', 'region=in=(DE),']);
    expect(at('region==DE;mod')).toEqual(['region==DE;model']);
    expect(at('ecu.TCM.software')).toContain('ecu.TCM.software=lt=');
  });

  it('quotes a value that the language would take apart', () => {
    expect(at('model==')).toEqual(["model=='C One'"]);
  });
});

describe('SHA-256 in pieces', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_001])('is that of %d bytes', (size) => {
    const bytes = randomBytes(size);
    const hash = sha256();
    for (let at = 0; at < size; ) {
      const step = 1 + ((at * 7 + 13) % 200);
      hash.update(bytes.subarray(at, at + step));
      at += step;
    }
    expect(Buffer.from(hash.digest()).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

describe('what has changed since an approval', () => {
  const event = (type: string, data: Record<string, unknown>) => ({
    id: '',
    type,
    time: '',
    actor: { kind: 'person', id: 'ada' },
    position: '',
    data,
  });
  const created = event('CampaignCreated', {
    policy: { maxAttempts: 3, waves: [{ gate: { failurePercent: 5 } }] },
  });
  const frozen = (digest: string) => event('TargetsFrozen', { targets: 10, digest, waves: [10] });

  it('is null before the first, and nothing right after it', () => {
    expect(changesSinceApproval([created, frozen('a')])).toBeNull();
    expect(changesSinceApproval([created, frozen('a'), event('CampaignApproved', {})])).toEqual([]);
  });

  it('names the single number that is another one', () => {
    const amended = event('CampaignAmended', {
      policy: { maxAttempts: 3, waves: [{ gate: { failurePercent: 8 } }] },
    });
    const history = [created, frozen('a'), event('CampaignApproved', {}), amended, frozen('b')];
    expect(changesSinceApproval(history)).toEqual([
      { what: 'policy.waves.0.gate.failurePercent', before: '5', now: '8' },
      { what: 'targets.digest', before: 'a', now: 'b' },
    ]);
  });
});

describe('what other limits would have done', () => {
  const share = (targets: number, succeeded: number, failed: number, inFlight = 0) => ({
    targets,
    succeeded,
    failed,
    pending: targets - succeeded - failed,
    byPhase: { installing: inFlight },
  });
  const moment = (at: number, succeeded: number, failed: number, inFlight: number): Moment => {
    const all = share(100, succeeded, failed, inFlight);
    const progress = { ...all, waves: [{ ...all, wave: 1, name: 'all', state: 'released' }] };
    const byModelRegion = { 'A7/FR': share(20, 0, failed), 'A3/DE': share(80, succeeded, 0) };
    return { at, progress: { ...progress, byModelRegion } as never };
  };
  const moments: readonly Moment[] = [
    { at: 0, progress: null },
    moment(60_000, 9, 1, 10),
    moment(120_000, 24, 6, 10),
    moment(180_000, 45, 15, 0),
    moment(240_000, 80, 20, 0),
  ];
  const limits = { waves: [10], slice: null, reaction_s: 0 };

  it('stops at the first moment above a limit, and counts those in flight', () => {
    expect(whatIf(moments, limits)).toMatchObject({
      breach: { index: 3, why: 'Wave 1 (all): 15 of 100 targets failed, 15.0 % > 10 %' },
      failed: 15,
      inFlight: 0,
      spared: 5,
      without: 35,
    });
    expect(whatIf(moments, { ...limits, waves: [5] })).toMatchObject({
      breach: { index: 2 },
      failed: 6,
      inFlight: 10,
      expectedMore: 2,
      spared: 12,
      without: 48,
    });
  });

  it('a slice stops it when it leaves no doubt, and not before it has said enough', () => {
    expect(whatIf(moments, { ...limits, waves: [100], slice: 10 })?.breach).toMatchObject({ index: 2 });
  });

  it('a slow reaction spares fewer', () => {
    expect(whatIf(moments, { ...limits, reaction_s: 60 })?.spared).toBe(0);
  });

  it('says so when nothing would have been otherwise', () => {
    expect(whatIf(moments, { waves: [50], slice: null, reaction_s: 0 })).toBeNull();
    expect(whatIf([], limits)).toBeNull();
  });
});

describe('small things', () => {
  it('a table as CSV can not run in a spreadsheet', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          ['=1+1', 'x,"y"'],
          [-5, null],
        ],
      ),
    ).toBe('a,b\r\n\'=1+1,"x,""y"""\r\n-5,');
  });

  it('an id comes from a title', () => {
    expect(idFrom('Frühling 2026: TCM!')).toBe('fruhling-2026-tcm');
  });

  it('a plan that is read back is the plan that was written', () => {
    const draft = { ...emptyDraft(), id: 'c', title: 'C', artifacts: ['a@1.0.0'], query: 'region==DE' };
    const campaign = { ...draft, policy: { ...policyOf(draft), startAt: null, endAt: null } };
    expect(policyOf(draftOf(campaign as never))).toEqual(campaign.policy);
  });

  it('buttons need the roles that the server asks for', () => {
    for (const [action, roles] of Object.entries(MAY))
      expect([...roles].sort(), action).toEqual(
        [...(ACCESS[action as keyof typeof MAY] as readonly string[])].sort(),
      );
  });
});

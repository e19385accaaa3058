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
import { bodyOf, packWaves, plainQuestion, unpackWaves } from '../../web/src/what-if/question.ts';

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

describe('a what-if question', () => {
  const gate = { successPercent: 90, failurePercent: 10, soak_s: 90, confirm: false };
  const campaign = {
    id: 'c',
    title: 'C',
    purpose: '',
    query: '',
    policy: {
      artifacts: [],
      waves: [
        { name: 'a~"b"', size: { percent: 12.5 }, gate },
        { name: 'rest', size: { rest: true }, gate },
      ],
      window: null,
      maxInFlight: 100,
      offersPerMinute: null,
      maxAttempts: 1,
    },
  };
  const plan = plainQuestion(campaign as never);

  it('leaves out what is as planned', () => {
    expect(bodyOf(plan, plan)).toEqual({ sliceFailurePercent: 10, reaction_s: 0, people: 'as-recorded' });
  });

  it('has waves and rates that differ, and null for no limit', () => {
    const waves = plan.waves.map((wave) => ({ ...wave, failure: '2,5', soakMinutes: '1.5' }));
    const other = { ...plan, waves, flight: '', rate: '60', slice: '', reactionMinutes: '2', nobody: true };
    expect(bodyOf(other, plan)).toEqual({
      waves: campaign.policy.waves.map((wave) => ({ ...wave, gate: { ...gate, failurePercent: 2.5 } })),
      maxInFlight: null,
      offersPerMinute: 60,
      sliceFailurePercent: null,
      reaction_s: 120,
      people: 'nobody',
    });
  });

  it('hands on what is no number, for the server to refuse by name', () => {
    expect(bodyOf({ ...plan, rate: 'many' }, plan)).toMatchObject({ offersPerMinute: 'many' });
  });

  it('goes into an address and comes back', () => {
    expect(unpackWaves(packWaves(plan.waves))).toEqual(plan.waves);
    for (const text of ['', '[', '[]', '[1]', '[["a","b","1","1","1","1",0]]', '{"a":1}'])
      expect(unpackWaves(text)).toBeNull();
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFECTS } from '../../src/reconcile/findings.ts';
import { tableOf } from '../../src/reconcile/report.ts';
import {
  CAMPAIGN,
  campaignStory,
  defects,
  epochOf,
  event,
  judge,
  type Line,
  moved,
  receipt,
  type Story,
  sent,
  truth,
  vehicleStory,
} from './story.ts';

const whole = (): Story => campaignStory({ V1: vehicleStory('V1'), V2: vehicleStory('V2', true) });
const dataOf = (line: Line): Line => line['data'] as Line;
const reportsSeq = (line: Line, vehicleId: string, seq: number): boolean =>
  dataOf(line)['vehicleId'] === vehicleId &&
  (dataOf(line)['report'] as { seq: number } | undefined)?.seq === seq;
const without = (story: Story, vehicleId: string, seq: number): Story => ({
  ...story,
  events: story.events.filter((line) => !reportsSeq(line, vehicleId, seq)),
});
const insertBeforeEnd = (story: Story, ...lines: Line[]): Story => ({
  ...story,
  ledger: [...story.ledger.slice(0, -1), ...lines, ...story.ledger.slice(-1)],
});

describe('a ledger and events that agree', () => {
  it('are reconciled, and counted anew', async () => {
    const findings = await judge(whole());
    expect(findings.reconciled).toBe(true);
    expect(findings.campaigns.get(CAMPAIGN)).toEqual({
      targets: 2,
      incompatible: 2,
      byPhase: { succeeded: 1, failed: 1 },
      failed: ['V2'],
    });
    expect(findings).toMatchObject({ messages: 10, receipted: 10, events: 14 });
    expect(tableOf(findings)).toContain('Reconciled');
  });

  it('a target that was never offered is waiting', async () => {
    const story = campaignStory({ V1: { ledger: [truth('V1', null)], events: [] } });
    expect((await judge(story)).campaigns.get(CAMPAIGN)?.byPhase).toEqual({ waiting: 1 });
  });

  it('a message that nobody receipted may be missing', async () => {
    const story = without(whole(), 'V1', 5);
    story.ledger = story.ledger.map((line) =>
      line['k'] === 'receipt' && line['vehicleId'] === 'V1' ? receipt('V1', 1, 4) : line,
    );
    expect(await defects(story)).toEqual({});
  });

  it('a message that was overtaken needs no event', async () => {
    const story = without(whole(), 'V1', 4);
    const outcome = story.events.find((line) => reportsSeq(line, 'V1', 5)) as Line;
    dataOf(outcome)['from'] = 'downloaded';
    expect(await defects(story)).toEqual({});
  });

  it('an answer to an offer that the server had ended needs no event', async () => {
    const vehicle: Story = {
      ledger: [sent('V1', 1, 'accepted'), receipt('V1', 1), truth('V1', null)],
      events: [
        moved('V1', 'UpdateOffered', 'waiting', 'offered', null),
        moved('V1', 'UpdateCancelled', 'offered', 'cancelled', null),
      ],
    };
    expect(await defects(campaignStory({ V1: vehicle }))).toEqual({});
  });

  it('an outcome after the server had given up is recorded late', async () => {
    const story = whole();
    const at = story.events.findIndex((line) => reportsSeq(line, 'V1', 5));
    story.events.splice(
      at,
      1,
      moved('V1', 'UpdateTimedOut', 'installing', 'timed-out', null),
      moved('V1', 'LateOutcomeReported', 'timed-out', 'succeeded', 5, {
        outcome: 'succeeded',
        reportedAttempt: 1,
      }),
    );
    expect(await defects(story)).toEqual({});
  });

  it('an outbox that was thrown away with its TCU owes nothing', async () => {
    const story = insertBeforeEnd(
      campaignStory({ V1: vehicleStory('V1') }),
      sent('V1', 6, 'healthy'),
      { k: 'swap', vehicleId: 'V1', from: epochOf('V1'), to: epochOf('V1', 2), lost: [6] },
      receipt('V1', 6),
    );
    expect(await defects(story)).toEqual({});
  });

  it('a set-aside on record accounts for its message', async () => {
    const report = { epoch: epochOf('V1'), seq: 6, sentAt: null };
    const story = insertBeforeEnd(whole(), sent('V1', 6, 'succeeded'), receipt('V1', 6));
    expect(await defects(story)).toEqual({ lost: 1 });
    story.events.push(event('ReportSetAside', { vehicleId: 'V1', report }, 'shard-3'));
    expect(await defects(story)).toEqual({});
  });
});

describe('each kind of defect is found and counted', () => {
  it('any one receipted message missing from the events is one lost, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('V1', 'V2'), fc.integer({ min: 1, max: 5 }), async (vehicle, seq) => {
        expect(await defects(without(whole(), vehicle, seq))).toEqual({ lost: 1 });
      }),
      { numRuns: 10 },
    );
  });

  it('any one reported event told twice is one counted twice, and nothing else', async () => {
    const { length } = whole().events.filter((line) => dataOf(line)['report'] !== undefined);
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(20), async (which, later) => {
        const story = whole();
        const reported = story.events.filter((line) => dataOf(line)['report'] !== undefined);
        const twice = reported[which] as Line;
        const at = story.events.indexOf(twice) + 1;
        story.events.splice(Math.min(story.events.length, at + later), 0, { ...twice, id: 'other' });
        expect(await defects(story)).toEqual({ countedTwice: 1 });
      }),
      { numRuns: 20 },
    );
  });

  it('an outcome counted twice under two messages', async () => {
    const story = insertBeforeEnd(whole(), sent('V1', 6, 'succeeded'), receipt('V1', 6));
    story.events.push(moved('V1', 'UpdateSucceeded', 'installing', 'succeeded', 6));
    expect(await defects(story)).toEqual({ countedTwice: 1, orderBroken: 1 });
  });

  it('a success that was none', async () => {
    const story = whole();
    const failed = story.events.find((line) => reportsSeq(line, 'V2', 5)) as Line;
    failed['type'] = 'UpdateSucceeded';
    dataOf(failed)['to'] = 'succeeded';
    expect(await defects(story)).toEqual({ wrong: 2 });
  });

  it('an installation that the server does not know', async () => {
    const story = campaignStory({ V1: vehicleStory('V1') });
    story.ledger = story.ledger.filter((line) => !['sent', 'receipt', 'grant'].includes(String(line['k'])));
    story.events = story.events.slice(0, 2);
    expect(await defects(story)).toEqual({ ungranted: 1, wrong: 1 });
  });

  it('events out of order', async () => {
    const story = whole();
    const [a, b] = [2, 3].map((seq) => story.events.findIndex((line) => reportsSeq(line, 'V1', seq)));
    const [first, second] = [story.events[a ?? 0], story.events[b ?? 0]];
    story.events.splice(a ?? 0, 2, second as Line, first as Line);
    expect((await judge(story)).counts.orderBroken).toBeGreaterThan(0);
  });

  it('a report that no vehicle sent', async () => {
    const story = whole();
    story.events.push(moved('V1', 'UpdateHealthy', 'succeeded', 'succeeded', 99));
    expect(await defects(story)).toEqual({ invented: 1 });
  });

  it('an installation on an old trigger: one grant is for one installation', async () => {
    const again = {
      k: 'installed',
      vehicleId: 'V1',
      campaignId: CAMPAIGN,
      offer: 1,
      attempt: 1,
      artifacts: [],
    };
    expect(await defects(insertBeforeEnd(whole(), again))).toEqual({ ungranted: 1 });
  });

  it('a grant for an offer that the vehicle has not accepted', async () => {
    const grant = { k: 'grant', vehicleId: 'V1', campaignId: CAMPAIGN, offer: 2, attempt: 2 };
    expect(await defects(insertBeforeEnd(whole(), grant))).toEqual({ wrong: 1 });
  });

  it('a damaged download, and a forged offer', async () => {
    const about = { campaignId: CAMPAIGN, offer: 2, attempt: 2 };
    const refused = { k: 'refused', vehicleId: 'V1', code: 'digest', detail: 'chunk 3', ...about };
    expect(await defects(insertBeforeEnd(whole(), refused))).toEqual({ digestFailures: 1 });
    const forged = { ...refused, code: 'signature' };
    expect(await defects(insertBeforeEnd(whole(), forged))).toEqual({ signatureFailures: 1 });
  });

  it('an installation of what was refused', async () => {
    const story = whole();
    const at = story.ledger.findIndex((line) => line['k'] === 'installed');
    const refused = { k: 'refused', vehicleId: 'V1', campaignId: CAMPAIGN, offer: 1, attempt: 1 };
    story.ledger.splice(at, 0, { ...refused, code: 'digest', detail: 'chunk 3' });
    expect(await defects(story)).toEqual({ digestFailures: 1, wrong: 1 });
  });

  it('a receipt for a message that was never sent', async () => {
    expect(await defects(insertBeforeEnd(whole(), receipt('V1', 7, 8)))).toEqual({ receiptsForNothing: 2 });
  });

  it('a ledger without an end', async () => {
    const story = whole();
    story.ledger.pop();
    expect(await defects(story)).toEqual({ truncated: 1 });
  });

  it('an export of nothing', async () => {
    expect(await defects({ ...whole(), events: [] })).toEqual({ truncated: 1 });
  });

  it('software that the server knows otherwise', async () => {
    const known = (softwareVersion: string): Line[] => [
      { id: 'V1', ecus: [{ type: 'TCM', position: '', components: [{ name: 'main', softwareVersion }] }] },
    ];
    expect(await defects(whole(), known('2.0.0'))).toEqual({});
    expect(await defects(whole(), known('1.0.0'))).toEqual({ wrong: 1 });
  });

  it('has words for every count', () => {
    for (const meaning of Object.values(DEFECTS)) expect(meaning).not.toBe('');
  });
});

describe('input that can not be read', () => {
  it('is an error with file and line', async () => {
    const story = whole();
    story.events.push({ type: 'UpdateOffered', stream: 'rollout-x-1' });
    await expect(judge(story)).rejects.toThrow(/events\.ndjson:15.*data/);
    const strange = insertBeforeEnd(whole(), { k: 'dream', vehicleId: 'V1' });
    await expect(judge(strange)).rejects.toThrow(/unknown kind dream/);
  });
});

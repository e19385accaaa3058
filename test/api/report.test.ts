import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { html } from '../../src/api/report/markup.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { projections } from '../../src/projections/all.ts';
import { CAMPAIGN, openWorld } from '../app/evidence/world.ts';
import { id, START_MS, type Step, written } from '../projections/campaign-script.ts';
import { type Harness, startHarness } from './support/harness.ts';

const at = (second: number): string => new Date(START_MS + second * 1000).toISOString();
const one = (kind: Step['kind'], vehicle = 0, to = 6): Step => ({
  kind,
  vehicle,
  to,
  wait_ms: 1000,
  clock_ms: 0,
});
const STEPS = [one('freeze'), one('move', 0, 6), one('move', 1, 7), one('gate', 0, 1), one('move', 2, 6)];

let harness: Harness | undefined;
afterEach(() => harness?.close());

async function serve(log: Awaited<ReturnType<typeof openWorld>>['given']['store']): Promise<Harness> {
  const reader = createMemoryReadModel();
  for (const projection of projections) await rebuildProjection({ log, writer: reader }, projection);
  return startHarness({}, () => ({ reader, log }));
}

async function get(url: string, headers: Record<string, string> = {}, status = 200) {
  const answer = await (harness as Harness).call({ method: 'GET', url: `/v1/campaigns/${url}`, headers });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer;
}

describe('the report of a campaign', () => {
  beforeEach(async () => {
    harness = await serve((await written(STEPS)).store);
  });

  it('has the figures of the progress, gates with their reasons and the whole time line', async () => {
    const report = (await get(`${id}/report`)).json();
    expect(report.results).toEqual((await get(`${id}/progress`)).json());
    expect(report).toMatchObject({
      title: 'Spring',
      at: at(5),
      waves: [
        { name: 'first', gates: [{ outcome: 'passed', reason: 'because of 1', at: at(4) }] },
        { gates: [] },
      ],
      failures: [{ code: 'c1', attempts: 1 }],
      timeline: [
        { type: 'CampaignCreated', by: 'ada' },
        { type: 'TargetingDefined', text: 'model==X' },
        { type: 'TargetsFrozen', text: '9 vehicles in 2 waves, 0 incompatible' },
        { type: 'GateDecided', text: 'wave 1: passed. because of 1' },
      ],
    });
    expect(report.series.at(-1)).toMatchObject({ at: at(5), succeeded: 2, failed: 1 });
  });

  it('is what it would have been at a past instant, and not there before the campaign', async () => {
    const report = (await get(`${id}/report?asOf=${at(2)}`)).json();
    expect(report).toMatchObject({ results: { succeeded: 1, failed: 0 }, failures: [], at: at(2) });
    expect(report.timeline).toHaveLength(3);
    await get(`${id}/report?asOf=${at(-1)}`, {}, 404);
    await get('none/report', {}, 404);
  });

  it('is a page for who prefers one, and at its own address', async () => {
    const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
    const page = await get(`${id}/report`, browser);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', vary: 'accept' });
    expect((await get(`${id}/report.html`)).body).toBe(page.body);
    expect((await get(`${id}/report`, { accept: 'application/json' })).json().title).toBe('Spring');
    expect((await get(`${id}/report`, { accept: '*/*' })).headers['content-type']).toContain('json');
  });

  it('needs nothing from elsewhere, runs nothing, and allows itself no more', async () => {
    const { body, headers } = await get(`${id}/report.html`);
    expect(body).not.toMatch(/<script|<link|<img|<iframe|\sstyle=|\son[a-z]+=|https?:\/\/|url\(/);
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it('says of each share how many vehicles it stands for, and marks those of few', async () => {
    const { body } = await get(`${id}/report.html`);
    expect(body).toContain('<td class="few">50.0 %<small>1 of 2</small></td>');
    expect(body).toContain('<td class="few">–<small>0 of 0</small></td>');
  });
});

it('shows who approved which digest, and the software with its notes', async () => {
  harness = await serve((await openWorld()).given.store);
  const report = (await get(`${CAMPAIGN}/report`)).json();
  expect(report).toMatchObject({
    approvals: [{ by: 'bob', note: 'looks right', planDigest: '5'.repeat(64), inForce: true }],
    artifacts: [{ artifactId: 'tcm-main@2.0.0', releaseNotes: 'Smoother gear changes.', releasedBy: 'bob' }],
    plan: { query: 'model==X', incompatible: 1, reasons: [{ code: 'region', vehicles: 1 }] },
  });
  expect((await get(`${CAMPAIGN}/report.html`)).body).toContain('1 left out as incompatible (region: 1)');
});

it('escapes whatever people have written', () => {
  const text = `<img src=x onerror="alert('1')">&`;
  expect(html`<b title="${text}">${text}</b>${[html`<i>${1}</i>`]}${null}`.text).toBe(
    '<b title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</b><i>1</i>',
  );
});

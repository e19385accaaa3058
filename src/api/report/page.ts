/** The report as one HTML page without script, to be read and printed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chart, heatMap } from './figures.ts';
import { Html, html } from './markup.ts';
import type { CampaignReport } from './report.ts';

const css = readFileSync(new URL('report.css', import.meta.url), 'utf8');

/** Nothing but its own style: not even an image from elsewhere. */
export const REPORT_POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(css).digest('base64')}'; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const number = (value: number): string => value.toLocaleString('en-US');
const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
/** Universal Time, because readers are in many zones. */
const time = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

export function reportPage(report: CampaignReport): string {
  const { title, campaignId, results, state } = report;
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} – campaign report</title><style>${new Html(css)}</style></head>
<body>
<h1>${title}</h1>
<p class="quiet"><code>${campaignId}</code> · ${state} · as of ${time(report.at ?? '')}, after ${number(report.events)} events</p>
<p class="notes">${report.purpose}</p>
<div class="big">
<span><b>${number(results.targets)}</b>vehicles</span>
<span><b>${percent(results.succeeded, results.targets)}</b>${number(results.succeeded)} succeeded</span>
<span><b>${percent(results.failed, results.targets)}</b>${number(results.failed)} failed</span>
<span><b>${number(results.excused)}</b>excused</span>
<span><b>${number(results.pending)}</b>pending</span>
</div>
${chart(report.series)}
${planSection(report)}
${wavesSection(report)}
<h2>Results by model and region</h2>
${heatMap(results.byModelRegion)}
${failuresSection(report)}
${timelineSection(report)}
<footer>Folded from the events of the campaign up to position <code>${report.position}</code>. The same figures: GET /v1/campaigns/${campaignId}/state?position=${report.position}</footer>
</body></html>
`;
  return page.text;
}

function planSection({ plan, artifacts, approvals, review }: CampaignReport): Html {
  const { policy } = plan;
  const window =
    policy.window === null ? 'any hour' : `${policy.window.from} to ${policy.window.to}, local time`;
  return html`<h2>Plan and approvals</h2>
<dl>
<dt>Targets</dt><dd><code>${plan.query ?? 'not defined'}</code>: ${number(plan.targets)} vehicles; ${number(plan.incompatible)} left out as incompatible${reasonsOf(plan.reasons)}</dd>
<dt>List digest</dt><dd><code>${plan.digest ?? '–'}</code></dd>
<dt>Hours</dt><dd>${window}</dd>
<dt>Limits</dt><dd>${policy.maxAttempts} attempts, ${number(policy.attemptTimeout_s)} s each; ${limit(policy.offersPerMinute, 'offers a minute')}, ${limit(policy.maxInFlight, 'vehicles in flight')}</dd>
<dt>Preconditions</dt><dd>${policy.preconditions.map(({ name, op, value }) => `${name} ${op} ${value}`).join(', ') || 'none'}</dd>
<dt>Authors</dt><dd>${plan.authors.join(', ')}</dd>
</dl>
<table><caption>Software, in the order of installation</caption><thead><tr><th>Artifact</th><th>Kind of release</th><th>Release notes</th><th>Released by</th></tr></thead><tbody>
${artifacts.map(
  (one) =>
    html`<tr><td><code>${one.artifactId}</code></td><td>${one.releaseType}</td><td class="notes">${one.releaseNotes}</td><td>${one.releasedBy ?? '–'}</td></tr>`,
)}</tbody></table>
<table><caption>Approvals</caption><thead><tr><th>When</th><th>By</th><th>Note</th><th>Plan digest</th></tr></thead><tbody>
${approvals.map(
  (one) =>
    html`<tr><td class="when">${time(one.at)}</td><td>${one.by}</td><td>${one.note}${one.inForce ? '' : ' (not in force)'}</td><td><code>${one.planDigest.slice(0, 16)}…</code></td></tr>`,
)}${approvals.length === 0 ? html`<tr><td colspan="4">none</td></tr>` : null}</tbody></table>
${review === null ? null : html`<p><b>Review: ${review.verdict}</b>, by ${review.by}. ${review.note}</p>`}`;
}

const limit = (value: number | null, what: string): string =>
  value === null ? `no limit of ${what}` : `${number(value)} ${what}`;

const reasonsOf = (reasons: CampaignReport['plan']['reasons']): string =>
  reasons.length === 0
    ? ''
    : ` (${reasons.map(({ code, vehicles }) => `${code}: ${number(vehicles)}`).join(', ')})`;

const wavesSection = ({ waves, plan }: CampaignReport): Html => html`<h2>Waves and gates</h2>
<table><thead><tr><th>Wave</th><th>State</th><th class="n">Vehicles</th><th class="n">Succeeded</th><th class="n">Failed</th><th class="n">Pending</th><th>Gate, and why</th></tr></thead><tbody>
${waves.map((wave) => {
  const gate = plan.policy.waves[wave.wave - 1]?.gate;
  return html`<tr><td>${wave.wave} ${wave.name}</td><td>${wave.state}</td><td class="n">${number(wave.targets)}</td><td class="n">${percent(wave.succeeded, wave.targets)}</td><td class="n">${percent(wave.failed, wave.targets)}</td><td class="n">${number(wave.pending)}</td><td>${
    gate === undefined
      ? null
      : html`<span class="quiet">success ≥ ${gate.successPercent} %, failure ≤ ${gate.failurePercent} %, soak ${gate.soak_s} s${gate.confirm ? ', confirmed by a person' : ''}</span>`
  }<ul class="gates">${wave.gates.map((one) => html`<li>${time(one.at)}: <b>${one.outcome}</b>. ${one.reason}</li>`)}</ul></td></tr>`;
})}</tbody></table>`;

const failuresSection = ({ failures, results }: CampaignReport): Html => html`<h2>Failures</h2>
<table><caption>Attempts that failed, by the code that the vehicle gave</caption><thead><tr><th>Code</th><th class="n">Attempts</th><th class="n">Share</th></tr></thead><tbody>
${failures.map(
  ({ code, attempts }) =>
    html`<tr><td><code>${code}</code></td><td class="n">${number(attempts)}</td><td class="n">${percent(attempts, sum(failures.map((one) => one.attempts)))}</td></tr>`,
)}${failures.length === 0 ? html`<tr><td colspan="3">none</td></tr>` : null}</tbody></table>
<table><caption>How attempts ended</caption><tbody>
${Object.entries(results.attempts).map(([type, count]) => html`<tr><td>${type}</td><td class="n">${number(count)}</td></tr>`)}</tbody></table>`;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const timelineSection = ({ timeline }: CampaignReport): Html => html`<h2>Time line</h2>
<table><thead><tr><th>When</th><th>What</th><th>By</th><th></th></tr></thead><tbody>
${timeline.map(
  ({ at, type, by, text }) =>
    html`<tr><td class="when">${time(at)}</td><td>${type}</td><td>${by}</td><td>${text}</td></tr>`,
)}</tbody></table>`;

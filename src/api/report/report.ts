/** A campaign for a review meeting: plan, approvals, gates with their reasons, results by slice, failures, time line. */
import { z } from 'zod';
import type { Document, EventStore, ReadModelReader } from '../../app/ports.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import { gateDecided } from '../../domain/campaign/events.ts';
import { campaignPolicy } from '../../domain/campaign/policy.ts';
import { readEvent } from '../../domain/events.ts';
import type { Cut } from '../../domain/shared/cut.ts';
import { campaignStream } from '../../domain/shared/streams.ts';
import { campaignStateAt, reachedFields } from '../history/campaign-state.ts';
import { campaignSeries, inBuckets, seriesSchema } from '../history/series.ts';
import { progressSchema } from '../progress.ts';

const entry = z.object({ at: z.string(), by: z.string(), type: z.string(), text: z.string() });
const gate = gateDecided.schema
  .pick({ outcome: true, reason: true, counters: true })
  .extend({ at: z.string() });

export const reportSchema = z
  .object({
    campaignId: z.string(),
    title: z.string(),
    purpose: z.string(),
    state: z.string(),
    ...reachedFields,
    plan: z.object({
      query: z.string().nullable(),
      digest: z.string().nullable().meta({ description: 'Of the frozen target list.' }),
      targets: z.int(),
      incompatible: z.int(),
      reasons: z.array(z.object({ code: z.string(), vehicles: z.int() })),
      policy: campaignPolicy,
      authors: z.array(z.string()),
    }),
    artifacts: z.array(
      z.object({
        artifactId: z.string(),
        releaseType: z.string(),
        releaseNotes: z.string(),
        manifestDigest: z.string().nullable(),
        releasedBy: z.string().nullable(),
      }),
    ),
    approvals: z.array(
      z.object({
        at: z.string(),
        by: z.string(),
        note: z.string(),
        planDigest: z.string(),
        inForce: z.boolean(),
      }),
    ),
    waves: z.array(
      progressSchema.shape.waves.element.extend({
        gates: z.array(gate).meta({ description: 'Every decision of the gate behind it, oldest first.' }),
      }),
    ),
    results: progressSchema,
    failures: z
      .array(z.object({ code: z.string(), attempts: z.int() }))
      .meta({ description: 'The commonest first.' }),
    series: seriesSchema.shape.points.meta({ description: 'Totals over the whole time.' }),
    timeline: z.array(entry),
    review: z.object({ note: z.string(), verdict: z.string(), by: z.string() }).nullable(),
  })
  .meta({ id: 'CampaignReport' });
export type CampaignReport = z.infer<typeof reportSchema>;

const CHART_STEPS = 60;

interface ReportSources {
  readonly reader: ReadModelReader;
  readonly log: Pick<EventStore, 'readStream'>;
}

/** Null when there is no such campaign, or was none then. */
export async function campaignReport(
  { reader, log }: ReportSources,
  campaignId: string,
  cut: Cut,
): Promise<CampaignReport | null> {
  const state = await campaignStateAt(reader, log, campaignId, cut);
  if (state === null || state.campaign === null || state.progress === null || state.at === null) return null;
  const { events, position, at, progress } = state;
  const campaign = state.campaign as unknown as CampaignView;
  const decisions = await decisionsOf(log, campaignId, position ?? '');
  const span = { to_ms: Date.parse(at) };
  const series = await campaignSeries(reader, campaignId, span, (whole) => inBuckets(whole, CHART_STEPS));
  return {
    campaignId,
    title: campaign.title,
    purpose: campaign.purpose,
    state: campaign.state,
    events,
    position,
    at,
    plan: planOf(campaign),
    artifacts: await artifactsOf(reader, campaign.policy.artifacts),
    approvals: decisions.flatMap((decision) => approvalOf(decision, campaign)),
    waves: progress.waves.map((wave) => ({
      ...wave,
      gates: decisions.flatMap((one) => gateOf(one, wave.wave)),
    })),
    results: progress,
    failures: Object.entries(progress.failureCodes)
      .map(([code, attempts]) => ({ code, attempts }))
      .sort((a, b) => b.attempts - a.attempts || (a.code < b.code ? -1 : 1)),
    series: series?.points ?? [],
    timeline: decisions.map(({ event, at: when, by }) => ({
      at: when,
      by,
      type: event.type,
      text: textOf(event),
    })),
    review: campaign.review,
  };
}

/** What is taken from the campaign's document. */
interface CampaignView {
  readonly title: string;
  readonly purpose: string;
  readonly state: string;
  readonly policy: z.output<typeof campaignPolicy>;
  readonly query: string | null;
  readonly authors: readonly string[];
  readonly targets: {
    readonly targets: number;
    readonly incompatible: number;
    readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
    readonly digest: string;
  } | null;
  readonly approval: { readonly by: string; readonly planDigest: string } | null;
  readonly review: CampaignReport['review'];
}

const planOf = ({ query, targets, policy, authors }: CampaignView): CampaignReport['plan'] => ({
  query,
  digest: targets?.digest ?? null,
  targets: targets?.targets ?? 0,
  incompatible: targets?.incompatible ?? 0,
  reasons: [...(targets?.reasons ?? [])],
  policy,
  authors: [...authors],
});

interface ArtifactView extends Document {
  readonly releaseType: string;
  readonly releaseNotes: string;
  readonly release: { readonly manifestDigest: string; readonly by: string } | null;
}

async function artifactsOf(
  reader: ReadModelReader,
  ids: readonly string[],
): Promise<CampaignReport['artifacts']> {
  const found = await reader.getMany<ArtifactView>('artifacts', ids);
  return ids.map((artifactId, n) => ({
    artifactId,
    releaseType: found[n]?.releaseType ?? '',
    releaseNotes: found[n]?.releaseNotes ?? '',
    manifestDigest: found[n]?.release?.manifestDigest ?? null,
    releasedBy: found[n]?.release?.by ?? null,
  }));
}

interface Decision {
  readonly event: CampaignEvent;
  readonly at: string;
  readonly by: string;
}

async function decisionsOf(
  log: Pick<EventStore, 'readStream'>,
  campaignId: string,
  until: string,
): Promise<readonly Decision[]> {
  const found: Decision[] = [];
  for await (const batch of log.readStream(campaignStream(campaignId)))
    for (const { type, schemaVersion, data, position, metadata } of batch) {
      if (position > until) return found;
      const read = readEvent(type, schemaVersion, data);
      if (read.known)
        found.push({ event: read.event as CampaignEvent, at: metadata.time, by: metadata.actor.id });
    }
  return found;
}

function approvalOf({ event, at }: Decision, { approval }: CampaignView): CampaignReport['approvals'] {
  if (event.type !== 'CampaignApproved') return [];
  const { note, planDigest, by } = event.data;
  return [{ at, by, note, planDigest, inForce: approval?.planDigest === planDigest && approval.by === by }];
}

function gateOf({ event, at }: Decision, wave: number): z.infer<typeof gate>[] {
  if (event.type !== 'GateDecided' || event.data.wave !== wave) return [];
  const { outcome, reason, counters } = event.data;
  return [{ at, outcome, reason, counters }];
}

/** One line for people. */
function textOf({ type, data }: CampaignEvent): string {
  switch (type) {
    case 'TargetsFrozen':
      return `${data.targets} vehicles in ${data.waves.length} waves, ${data.incompatible} incompatible`;
    case 'TargetingDefined':
      return data.query;
    case 'WaveReleased':
      return `wave ${data.wave}`;
    case 'GateDecided':
      return `wave ${data.wave}: ${data.outcome}. ${data.reason}`;
    case 'WaveConfirmed':
      return `wave ${data.wave}. ${data.note}`;
    case 'CampaignScheduled':
      return `to start at ${data.startAt}`;
    case 'CampaignReviewed':
      return `${data.verdict}: ${data.note}`;
    case 'CampaignCreated':
      return data.title;
    default:
      return 'reason' in data ? data.reason : 'note' in data ? data.note : '';
  }
}

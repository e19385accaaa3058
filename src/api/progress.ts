/** The public form of a campaign's progress, as `GET …/progress` and every live frame give it. */
import { z } from 'zod';
import type { Document, ReadModelReader } from '../app/ports.ts';
import { PHASE_KINDS, type PhaseKind } from '../domain/campaign/tally.ts';
import { PHASES } from '../domain/rollout/events.ts';
import type { Phases, ProgressDocument } from '../projections/progress/document.ts';
import type { Frame } from './sse.ts';

const count = z.int().min(0);
const counts = z.record(z.string(), count);
/** Counts of one wave, model or region. */
const share = z.object({
  targets: count,
  succeeded: count,
  failed: count,
  pending: count,
  byPhase: counts,
});

export const progressSchema = z
  .object({
    campaignId: z.string(),
    state: z.string(),
    targets: count.meta({ description: 'Vehicles in the frozen list.' }),
    incompatible: count.meta({ description: 'Matched by the query, but not able to take the artifacts.' }),
    byPhase: counts.meta({ description: `Targets by phase: ${PHASES.join(', ')}.` }),
    succeeded: count.meta({ description: 'Has installed it.' }),
    failed: count.meta({ description: 'failed, timed-out or reverted, with no attempt left.' }),
    excused: count.meta({
      description: 'Settled without either: declined, cancelled, displaced, or had the software already.',
    }),
    pending: count.meta({ description: 'Not settled yet.' }),
    percent: z.number().min(0).max(100).meta({ description: 'Settled targets, percent.' }),
    waves: z.array(share.extend({ wave: z.int(), name: z.string(), state: z.string() })),
    attempts: counts.meta({ description: 'How attempts ended, by event type.' }),
    failureCodes: counts,
    byModel: z.record(z.string(), share),
    byRegion: z.record(z.string(), share),
    byModelRegion: z.record(z.string(), share).meta({ description: 'Key `{model}/{region}`.' }),
    byHardware: z
      .record(z.string(), share)
      .meta({ description: 'Hardware of the first artifact’s target ECU.' }),
    bySoftwareBefore: z.record(z.string(), share),
  })
  .meta({ id: 'Progress' });
export type Progress = z.infer<typeof progressSchema>;

export function shareOf(byPhase: Phases): z.infer<typeof share> & { readonly excused: number } {
  const kinds: Record<PhaseKind, number> = { waiting: 0, inFlight: 0, succeeded: 0, failed: 0, excused: 0 };
  for (const phase of PHASES) kinds[PHASE_KINDS[phase]] += byPhase[phase] ?? 0;
  const { succeeded, failed, excused } = kinds;
  const pending = kinds.waiting + kinds.inFlight;
  const targets = succeeded + failed + excused + pending;
  return { targets, succeeded, failed, excused, pending, byPhase: { ...byPhase } as Record<string, number> };
}

const sharesOf = (groups: Readonly<Record<string, Phases>>) =>
  Object.fromEntries(Object.entries(groups).map(([name, phases]) => [name, shareOf(phases)]));

/** Reads the newest snapshot; null when there is no such campaign. */
export async function progressFrame(reader: ReadModelReader, campaignId: string): Promise<Frame | null> {
  const campaign = await reader.get<Document>('campaigns', campaignId);
  if (campaign === null) return null;
  const progress = await reader.get<ProgressDocument>('progress', campaignId);
  const positions = [campaign.position ?? '', progress?.position ?? ''].sort();
  return { id: positions[1] ?? '', data: progressOf(campaign, progress) };
}

interface CampaignView {
  readonly state?: string;
  readonly targets?: { readonly targets?: number; readonly incompatible?: number } | null;
  readonly waves?: readonly { readonly name?: string; readonly state?: string }[];
}

/** The one way from documents to figures, for now and for any past instant. */
export function progressOf(campaign: Document & CampaignView, progress: ProgressDocument | null): Progress {
  const total = shareOf(progress?.byPhase ?? {});
  const settled = total.targets - total.pending;
  return {
    campaignId: campaign.id,
    state: campaign.state ?? 'unknown',
    ...total,
    incompatible: campaign.targets?.incompatible ?? 0,
    percent: total.targets === 0 ? 0 : Math.round((settled / total.targets) * 1000) / 10,
    waves: (progress?.waves ?? []).map(({ wave, byPhase }) => {
      const { name = '', state = 'unknown' } = campaign.waves?.[wave - 1] ?? {};
      return { wave, name, state, ...shareOf(byPhase) };
    }),
    attempts: { ...progress?.attempts } as Record<string, number>,
    failureCodes: { ...progress?.failureCodes } as Record<string, number>,
    byModel: sharesOf(progress?.byModel ?? {}),
    byRegion: sharesOf(progress?.byRegion ?? {}),
    byModelRegion: sharesOf(progress?.byModelRegion ?? {}),
    byHardware: sharesOf(progress?.byHardware ?? {}),
    bySoftwareBefore: sharesOf(progress?.bySoftwareBefore ?? {}),
  };
}

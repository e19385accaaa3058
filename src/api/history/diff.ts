/** What changed in a campaign from one instant to another. */
import { z } from 'zod';
import type { Progress } from '../progress.ts';
import { type CampaignStateAt, reachedFields } from './campaign-state.ts';

const change = z.int();
const changes = z.record(z.string(), change);
const end = z.object({ ...reachedFields, state: z.string().nullable() });
const groupChange = z.object({
  targets: change,
  succeeded: change,
  failed: change,
  pending: change,
  byPhase: changes,
});

export const diffSchema = z
  .object({
    campaignId: z.string(),
    from: end,
    to: end,
    events: z.int(),
    counts: groupChange.extend({ excused: change }),
    attempts: changes,
    failureCodes: changes,
    waves: z.array(
      groupChange.extend({
        wave: z.int(),
        name: z.string(),
        state: z.object({ from: z.string().nullable(), to: z.string() }),
      }),
    ),
    byModel: z.record(z.string(), groupChange),
    byRegion: z.record(z.string(), groupChange),
    byModelRegion: z.record(z.string(), groupChange),
    decisions: z
      .array(z.object({ type: z.string(), at: z.string(), by: z.string(), reason: z.string().nullable() }))
      .meta({ description: 'What was decided in between, oldest first.' }),
  })
  .meta({
    id: 'CampaignDiff',
    description: 'Counts are `to` minus `from`; what did not change is left out.',
  });
export type CampaignDiff = z.infer<typeof diffSchema>;

type Counts = Readonly<Record<string, number>>;
type Share = Pick<Progress, 'targets' | 'succeeded' | 'failed' | 'pending' | 'byPhase'>;

const NONE: Share = { targets: 0, succeeded: 0, failed: 0, pending: 0, byPhase: {} };

export function diffOf(before: CampaignStateAt, after: CampaignStateAt): CampaignDiff {
  const old = before.progress;
  const now = after.progress;
  const decided = decisionsOf(before).length;
  return {
    campaignId: after.campaignId,
    from: endOf(before),
    to: endOf(after),
    events: after.events - before.events,
    counts: { ...groupDiff(old, now), excused: (now?.excused ?? 0) - (old?.excused ?? 0) },
    attempts: countsDiff(old?.attempts, now?.attempts),
    failureCodes: countsDiff(old?.failureCodes, now?.failureCodes),
    waves: wavesDiff(old, now),
    byModel: groupsDiff(old?.byModel, now?.byModel),
    byRegion: groupsDiff(old?.byRegion, now?.byRegion),
    byModelRegion: groupsDiff(old?.byModelRegion, now?.byModelRegion),
    decisions: decisionsOf(after).slice(decided),
  };
}

const endOf = ({ events, position, at, campaign }: CampaignStateAt): CampaignDiff['from'] => ({
  events,
  position,
  at,
  state: campaign?.state ?? null,
});

/** Decisions are only ever added. */
const decisionsOf = ({ campaign }: CampaignStateAt): CampaignDiff['decisions'] =>
  (campaign?.['decisions'] ?? []) as CampaignDiff['decisions'];

function countsDiff(before: Counts = {}, after: Counts = {}): Record<string, number> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names
      .map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
      .filter(([, by]) => by !== 0),
  );
}

function groupDiff(before: Share | null | undefined, after: Share | null | undefined) {
  const [old, now] = [before ?? NONE, after ?? NONE];
  return {
    targets: now.targets - old.targets,
    succeeded: now.succeeded - old.succeeded,
    failed: now.failed - old.failed,
    pending: now.pending - old.pending,
    byPhase: countsDiff(old.byPhase, now.byPhase),
  };
}

type Groups = Readonly<Record<string, Share>>;
function groupsDiff(before: Groups = {}, after: Groups = {}): Record<string, ReturnType<typeof groupDiff>> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names
      .map((name) => [name, groupDiff(before[name], after[name])] as const)
      .filter(([, by]) => Object.keys(by.byPhase).length > 0),
  );
}

const wavesDiff = (before: Progress | null, after: Progress | null): CampaignDiff['waves'] =>
  (after?.waves ?? [])
    .map((now) => {
      const old = before?.waves.find(({ wave }) => wave === now.wave);
      const state = { from: old?.state ?? null, to: now.state };
      return { wave: now.wave, name: now.name, state, ...groupDiff(old, now) };
    })
    .filter(({ state, byPhase }) => state.from !== state.to || Object.keys(byPhase).length > 0);

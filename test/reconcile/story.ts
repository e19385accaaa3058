/** Writes small ledgers and exports that agree, for tests that then break them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Findings } from '../../src/reconcile/findings.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';

export type Line = Record<string, unknown>;

export const CAMPAIGN = 'spring-2026';
const PLAN = '018f0000-0000-7000-8000-000000000001';
export const epochOf = (vehicleId: string, tcu = 1): { tcu: string; reset: number } => ({
  tcu: `${vehicleId}-T${tcu}`,
  reset: 0,
});

const STEPS = [
  ['accepted', 'UpdateAccepted', 'accepted'],
  ['download-started', 'DownloadStarted', 'downloading'],
  ['download-completed', 'DownloadCompleted', 'downloaded'],
  ['install-started', 'InstallStarted', 'installing'],
] as const;

export interface Story {
  ledger: Line[];
  events: Line[];
}

export const sent = (vehicleId: string, seq: number, kind: string, more: Line = {}): Line => ({
  k: 'sent',
  vehicleId,
  epoch: epochOf(vehicleId),
  seq,
  channel: 'feedback',
  kind,
  copy: 1,
  campaignId: CAMPAIGN,
  offer: 1,
  attempt: 1,
  ...more,
});
export const receipt = (vehicleId: string, first: number, last = first): Line => ({
  k: 'receipt',
  vehicleId,
  epoch: epochOf(vehicleId),
  seqs: [[first, last]],
});

let events = 0;
export const event = (type: string, data: Line, stream = `rollout-${CAMPAIGN}-3`): Line => ({
  id: `event-${++events}`,
  stream,
  type,
  data,
});
export const moved = (
  vehicleId: string,
  type: string,
  from: string,
  to: string,
  seq: number | null,
  more: Line = {},
): Line =>
  event(type, {
    vehicleId,
    wave: 1,
    slice: 0,
    attempt: 1,
    offer: 1,
    from,
    to,
    ...(seq === null ? {} : { report: { epoch: epochOf(vehicleId), seq, sentAt: null } }),
    ...more,
  });

/** One vehicle from offer to outcome, everything receipted. */
export function vehicleStory(vehicleId: string, fails = false): Story {
  const ledger: Line[] = [{ k: 'vehicle', vehicleId, index: 0, epoch: epochOf(vehicleId), fate: {} }];
  const told: Line[] = [moved(vehicleId, 'UpdateOffered', 'waiting', 'offered', null)];
  let phase = 'offered';
  let seq = 0;
  const step = (kind: string, type: string, to: string): void => {
    ledger.push(sent(vehicleId, ++seq, kind));
    told.push(moved(vehicleId, type, phase, to, seq));
    phase = to;
    if (kind === 'accepted')
      ledger.push({ k: 'grant', vehicleId, campaignId: CAMPAIGN, offer: 1, attempt: 1 });
  };
  for (const [kind, type, to] of STEPS) step(kind, type, to);
  if (!fails)
    ledger.push({ k: 'installed', vehicleId, campaignId: CAMPAIGN, offer: 1, attempt: 1, artifacts: [] });
  if (fails) step('failed', 'UpdateFailed', 'failed');
  else step('succeeded', 'UpdateSucceeded', 'succeeded');
  ledger.push(receipt(vehicleId, 1, seq), truth(vehicleId, fails ? 'failed' : 'installed'));
  return { ledger, events: told };
}

export const truth = (vehicleId: string, outcome: string | null): Line => ({
  k: 'truth',
  vehicleId,
  campaigns: outcome === null ? [] : [{ campaignId: CAMPAIGN, outcome, offer: 1, attempt: 1, code: '' }],
  software: [
    {
      type: 'TCM',
      position: '',
      component: 'main',
      softwareVersion: outcome === 'installed' ? '2.0.0' : '1.0.0',
    },
  ],
  unreceipted: [],
});

/** A campaign over vehicles, all of them targets. */
export function campaignStory(vehicles: Record<string, Story>, incompatible = 2): Story {
  const stories = Object.values(vehicles);
  const targets = Object.keys(vehicles).map((vehicleId, rank) => [vehicleId, 1, rank, 0, 0]);
  return {
    ledger: [
      { k: 'run', v: 1, seed: 1, vehicles: stories.length, at: '2026-01-01T00:00:00.000Z' },
      ...stories.flatMap(({ ledger }) => ledger),
      { k: 'end', vehicles: stories.length, unreceipted: 0 },
    ],
    events: [
      event('TargetsListed', { campaignId: CAMPAIGN, planId: PLAN, targets }, `targets-${CAMPAIGN}-3`),
      event('TargetsFrozen', { campaignId: CAMPAIGN, planId: PLAN, incompatible }, `campaign-${CAMPAIGN}`),
      ...stories.flatMap(({ events: told }) => told),
    ],
  };
}

const directory = mkdtempSync(join(tmpdir(), 'reconcile-'));
afterAll(() => rmSync(directory, { recursive: true }));

const writeLines = (name: string, lines: readonly Line[]): string => {
  const path = join(directory, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
};

export const judge = (story: Story, vehicles?: readonly Line[]): Promise<Findings> =>
  reconcile({
    ledger: writeLines('ledger.ndjson', story.ledger),
    events: writeLines('events.ndjson', story.events),
    vehicles: vehicles === undefined ? undefined : writeLines('vehicles.ndjson', vehicles),
  });

/** Only the counts that are not zero. */
export const defects = async (story: Story, vehicles?: readonly Line[]): Promise<Record<string, number>> => {
  const { counts, reconciled } = await judge(story, vehicles);
  const found = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  if (reconciled !== (Object.keys(found).length === 0)) throw new Error('verdict and counts disagree');
  return found;
};

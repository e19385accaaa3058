import { describe } from 'vitest';
import type { CampaignCommand } from '../../../src/domain/campaign/commands.ts';
import type { CampaignLookups } from '../../../src/domain/campaign/context.ts';
import { campaignDecider } from '../../../src/domain/campaign/decide.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import type { GateOutcome } from '../../../src/domain/campaign/state.ts';
import { specify } from '../../support/decider-spec.ts';
import {
  approvedBy,
  bob,
  counters,
  created,
  DIGEST,
  defined,
  frozen,
  ID,
  paused,
  planned,
  policyOf,
  RELEASED,
  released,
  started,
  system,
} from './samples.ts';

const specs = (
  rows: Parameters<typeof specify<unknown, CampaignCommand, CampaignEvent, CampaignLookups>>[1],
) => specify(campaignDecider, rows, RELEASED);
const approved = approvedBy('bob', DIGEST);
const startAt = '2027-03-01T12:00:00.000Z';
const scheduled: CampaignEvent = { type: 'CampaignScheduled', data: { campaignId: ID, startAt, by: 'ada' } };
const ready = [...planned, approved];
const running = [...ready, started, released(1)];
const start: CampaignCommand = { type: 'StartCampaign', cause: null };
const resumed: CampaignEvent = { type: 'CampaignResumed', data: { campaignId: ID, reason: 'go', by: 'ada' } };
const abortRequested: CampaignEvent = {
  type: 'AbortRequested',
  data: { campaignId: ID, reason: 'no', by: 'ada' },
};
const withStanding = (standing: 'validated' | 'withdrawn' | 'deprecated'): CampaignLookups => ({
  artifactStates: { 'tcm@2.1.0': standing },
  emergencyStop: false,
});
const emergency: CampaignLookups = { ...RELEASED, emergencyStop: true };
const ended: CampaignEvent = {
  ...created,
  data: { ...created.data, policy: policyOf({ endAt: startAt }) },
} as CampaignEvent;

describe('starting', () => {
  specs([
    { it: 'releases the first wave at once', given: ready, when: start, gives: [started, released(1)] },
    { it: 'refuses without approval', given: planned, when: start, gives: 'not-approved' },
    {
      it: 'is refused to the gatekeeper before the scheduled time',
      given: [...ready, scheduled],
      by: system,
      at: '2027-03-01T11:59:59.999Z',
      when: start,
      gives: 'too-early',
    },
    {
      it: 'is refused to the gatekeeper when nothing is scheduled',
      given: ready,
      by: system,
      when: start,
      gives: 'too-early',
    },
    {
      it: 'is done by the gatekeeper at the scheduled time',
      given: [...ready, scheduled],
      by: system,
      when: { ...start, cause: 'e1' },
      gives: [{ ...started, data: { ...started.data, cause: 'e1' } } as CampaignEvent, released(1, 'e1')],
    },
    {
      it: 'may be done by a person before the scheduled time',
      given: [...ready, scheduled],
      at: '2027-02-01T00:00:00.000Z',
      when: start,
      gives: [started, released(1)],
    },
    {
      it: 'refuses an artifact that is not released',
      given: ready,
      when: start,
      extra: withStanding('validated'),
      gives: 'artifact-not-released',
    },
    {
      it: 'refuses a deprecated artifact',
      given: ready,
      when: start,
      extra: withStanding('deprecated'),
      gives: 'artifact-not-released',
    },
    {
      it: 'refuses when the look-up says nothing of an artifact',
      given: ready,
      when: start,
      extra: { artifactStates: {}, emergencyStop: false },
      gives: 'artifact-not-released',
    },
    {
      it: 'refuses a withdrawn artifact',
      given: ready,
      when: start,
      extra: withStanding('withdrawn'),
      gives: 'artifact-withdrawn',
    },
    {
      it: 'refuses during an emergency stop',
      given: ready,
      when: start,
      extra: emergency,
      gives: 'emergency-stop',
    },
    {
      it: 'refuses after the end',
      given: [ended, defined, frozen, approved],
      when: start,
      gives: 'campaign-ended',
    },
    {
      it: 'refuses after an abort',
      given: [...planned, abortRequested, { type: 'CampaignAborted', data: { campaignId: ID, cause: null } }],
      when: start,
      gives: 'campaign-over',
    },
  ]);
});

const decide = (outcome: GateOutcome, wave = 1): CampaignCommand => ({
  type: 'DecideGate',
  wave,
  outcome,
  reason: 'numbers',
  counters: counters(),
  soakUntil: null,
  cause: 'c1',
});
const decided = (outcome: GateOutcome, wave = 1): CampaignEvent => ({
  type: 'GateDecided',
  data: {
    campaignId: ID,
    wave,
    outcome,
    reason: 'numbers',
    counters: counters(),
    soakUntil: null,
    cause: 'c1',
  },
});
const release = (wave: number): CampaignCommand => ({ type: 'ReleaseWave', wave, cause: 'c2' });
const confirm: CampaignCommand = { type: 'ConfirmWave', wave: 1, note: 'fine' };
const confirmed: CampaignEvent = {
  type: 'WaveConfirmed',
  data: { campaignId: ID, wave: 1, note: 'fine', by: 'ada' },
};

describe('gates and waves', () => {
  specs([
    { it: 'writes a decision', given: running, by: system, when: decide('held'), gives: [decided('held')] },
    {
      it: 'writes it again only when it changes',
      given: [...running, decided('held')],
      by: system,
      when: { ...decide('held'), reason: 'other numbers' } as CampaignCommand,
      gives: [],
    },
    {
      it: 'writes a changed decision',
      given: [...running, decided('held')],
      by: system,
      when: decide('passed'),
      gives: [decided('passed')],
    },
    {
      it: 'refuses a gate of a wave that is not out',
      given: running,
      by: system,
      when: decide('passed', 2),
      gives: 'wave-not-released',
    },
    {
      it: 'takes a failure of an earlier wave',
      given: [...running, decided('passed'), released(2)],
      by: system,
      when: decide('failed'),
      gives: [decided('failed')],
    },
    {
      it: 'leaves an earlier wave alone otherwise',
      given: [...running, decided('passed'), released(2)],
      by: system,
      when: decide('held'),
      gives: [],
    },
    {
      it: 'releases the next wave after the gate has passed',
      given: [...running, decided('passed')],
      by: system,
      when: release(2),
      gives: [released(2, 'c2')],
    },
    {
      it: 'releases it after a person has confirmed',
      given: [...running, decided('held'), confirmed],
      by: system,
      when: release(2),
      gives: [released(2, 'c2')],
    },
    {
      it: 'does not release it before',
      given: running,
      by: system,
      when: release(2),
      gives: 'gate-not-passed',
    },
    {
      it: 'does not release it while paused',
      given: [...running, decided('passed'), paused],
      by: system,
      when: release(2),
      gives: 'campaign-paused',
    },
    {
      it: 'does not release it during an emergency stop',
      given: [...running, decided('passed')],
      by: system,
      extra: emergency,
      when: release(2),
      gives: 'emergency-stop',
    },
    {
      it: 'does not release it while a gate has failed',
      given: [...running, decided('failed')],
      by: system,
      when: release(2),
      gives: 'gate-failed',
    },
    {
      it: 'releases no wave out of order',
      given: running,
      by: system,
      when: release(3),
      gives: 'no-such-wave',
    },
    {
      it: 'releases a wave once',
      given: [...running, decided('passed'), released(2)],
      by: system,
      when: release(2),
      gives: [],
    },
    {
      it: 'lets a person confirm a held wave',
      given: [...running, decided('held')],
      when: confirm,
      gives: [confirmed],
    },
    {
      it: 'lets a person confirm a waiting wave',
      given: [...running, decided('awaiting-confirmation')],
      when: confirm,
      gives: [confirmed],
    },
    {
      it: 'lets nobody confirm a failed wave',
      given: [...running, decided('failed')],
      when: confirm,
      gives: 'gate-failed',
    },
    {
      it: 'lets nobody confirm before there is a decision',
      given: running,
      when: confirm,
      gives: 'gate-not-decided',
    },
    {
      it: 'lets nobody cut a soak short',
      given: [...running, decided('soaking')],
      when: confirm,
      gives: 'gate-not-decided',
    },
    {
      it: 'lets no service confirm',
      given: [...running, decided('held')],
      by: { kind: 'service', id: 'ci' },
      when: confirm,
      gives: 'not-a-person',
    },
  ]);
});

const pause: CampaignCommand = { type: 'PauseCampaign', reason: 'look', code: 'operator', cause: null };
const resume: CampaignCommand = { type: 'ResumeCampaign', reason: 'go' };
const abort: CampaignCommand = { type: 'AbortCampaign', reason: 'no' };
const conclude: CampaignCommand = { type: 'ConcludeCampaign', cause: 'c3' };
const completed: CampaignEvent = { type: 'CampaignCompleted', data: { campaignId: ID, cause: 'c3' } };
const aborted = (cause: string | null): CampaignEvent => ({
  type: 'CampaignAborted',
  data: { campaignId: ID, cause },
});
const review: CampaignCommand = { type: 'ReviewCampaign', note: 'well', verdict: 'good' };
const reviewed: CampaignEvent = {
  type: 'CampaignReviewed',
  data: { campaignId: ID, note: 'well', verdict: 'good', by: 'bob' },
};

describe('halting and ending', () => {
  specs([
    { it: 'pauses', given: running, when: pause, gives: [paused] },
    {
      it: 'pauses once',
      given: [...running, paused],
      when: { ...pause, code: 'gate' } as CampaignCommand,
      gives: [],
    },
    { it: 'pauses nothing that has not started', given: ready, when: pause, gives: 'not-started' },
    {
      it: 'pauses nothing that is being aborted',
      given: [...running, abortRequested],
      when: pause,
      gives: 'campaign-aborting',
    },
    { it: 'resumes', given: [...running, paused], when: resume, gives: [resumed] },
    { it: 'resumes once', given: [...running, paused, resumed], when: resume, gives: [] },
    {
      it: 'does not resume with a withdrawn artifact',
      given: [...running, paused],
      when: resume,
      extra: withStanding('withdrawn'),
      gives: 'artifact-withdrawn',
    },
    {
      it: 'resumes with a deprecated artifact',
      given: [...running, paused],
      when: resume,
      extra: withStanding('deprecated'),
      gives: [resumed],
    },
    {
      it: 'does not resume during an emergency stop',
      given: [...running, paused],
      when: resume,
      extra: emergency,
      gives: 'emergency-stop',
    },
    {
      it: 'asks running shards to stop before it is aborted',
      given: running,
      when: abort,
      gives: [abortRequested],
    },
    {
      it: 'is aborted at once before the start',
      given: ready,
      when: abort,
      gives: [abortRequested, aborted(null)],
    },
    { it: 'aborts a paused campaign', given: [...running, paused], when: abort, gives: [abortRequested] },
    {
      it: 'is aborted when everything has drained',
      given: [...running, abortRequested],
      by: system,
      when: conclude,
      gives: [aborted('c3')],
    },
    {
      it: 'is completed when everything has drained',
      given: running,
      by: system,
      when: conclude,
      gives: [completed],
    },
    {
      it: 'is completed though paused, when nothing is left to do',
      given: [...running, paused],
      by: system,
      when: conclude,
      gives: [completed],
    },
    {
      it: 'does not abort what is completed',
      given: [...running, completed],
      when: abort,
      gives: 'campaign-over',
    },
    {
      it: 'is reviewed by a person afterwards',
      given: [...running, completed],
      by: bob,
      when: review,
      gives: [reviewed],
    },
    { it: 'is not reviewed before', given: running, by: bob, when: review, gives: 'not-over' },
    {
      it: 'is not reviewed by a service',
      given: [...running, completed],
      by: system,
      when: review,
      gives: 'not-a-person',
    },
    {
      it: 'keeps its review',
      given: [...running, completed, reviewed],
      when: review,
      gives: 'already-reviewed',
    },
  ]);
});

/** Campaigns for people: every command of theirs, and waiting for what follows from it. */
import type { z } from 'zod';
import type { CampaignCommand, createCampaign } from '../../domain/campaign/commands.ts';
import { campaignDecider } from '../../domain/campaign/decide.ts';
import { type CampaignState, planDigest } from '../../domain/campaign/state.ts';
import { campaignStream } from '../../domain/shared/streams.ts';
import { type CommandEnvelope, type CommandOutcome, loadStream, type Runtime } from '../handle-command.ts';
import type { Clock, Position, RecordedEvent } from '../ports.ts';
import { campaignHistory } from '../replay.ts';
import { runCampaignCommand } from './lookups.ts';
import { type HaltReport, waitForHalt, waitForTargets } from './wait.ts';

/** Commands that a person gives; the others belong to process managers. */
export type PersonsCommand = Exclude<
  CampaignCommand,
  { type: 'RecordTargets' | 'RecordFreezeFailure' | 'ReleaseWave' | 'DecideGate' | 'ConcludeCampaign' }
>;
type Body<Type extends PersonsCommand['type']> = Omit<Extract<PersonsCommand, { type: Type }>, 'type'>;

export interface CampaignServiceDeps {
  readonly clock: Clock;
  /** How long pause, resume and abort wait for the shards, milliseconds; default 5000. */
  readonly haltTimeout_ms?: number;
}

export type CampaignOutcome = CommandOutcome<CampaignState>;
/** The outcome of pause, resume and abort; `halt` is null when the command was refused. */
export interface HaltOutcome {
  readonly outcome: CampaignOutcome;
  readonly halt: HaltReport | null;
}

/** One line of the event export. */
export interface ExportedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  readonly type: string;
  readonly schemaVersion: number;
  readonly time: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly causationId: string | null;
  readonly correlationId: string;
  readonly data: unknown;
}

export type CampaignService = ReturnType<typeof createCampaignService>;

export function createCampaignService(runtime: Runtime, deps: CampaignServiceDeps) {
  const { store } = runtime;
  const { clock } = deps;
  const timeout_ms = deps.haltTimeout_ms ?? 5000;

  const execute = (
    campaignId: string,
    command: PersonsCommand,
    envelope: CommandEnvelope,
  ): Promise<CampaignOutcome> => runCampaignCommand(runtime, campaignId, command, envelope);

  const verb =
    <Type extends PersonsCommand['type']>(type: Type) =>
    (campaignId: string, body: Body<Type>, envelope: CommandEnvelope): Promise<CampaignOutcome> =>
      execute(campaignId, { type, ...body } as unknown as PersonsCommand, envelope);

  const halting =
    <Type extends 'PauseCampaign' | 'ResumeCampaign' | 'AbortCampaign'>(type: Type) =>
    async (campaignId: string, body: Body<Type>, envelope: CommandEnvelope): Promise<HaltOutcome> => {
      const outcome = await verb(type)(campaignId, body, envelope);
      const halt = outcome.ok ? await waitForHalt(store, clock, campaignId, timeout_ms) : null;
      return { outcome, halt };
    };

  return {
    execute,
    create: (
      campaignId: string,
      body: Omit<z.output<typeof createCampaign>, 'type' | 'campaignId'>,
      envelope: CommandEnvelope,
    ) => execute(campaignId, { type: 'CreateCampaign', campaignId, ...body }, envelope),
    defineTargeting: verb('DefineTargeting'),
    approve: verb('ApproveCampaign'),
    schedule: verb('ScheduleCampaign'),
    start: verb('StartCampaign'),
    confirmWave: verb('ConfirmWave'),
    amend: verb('AmendCampaign'),
    review: verb('ReviewCampaign'),
    pause: halting('PauseCampaign'),
    resume: halting('ResumeCampaign'),
    abort: halting('AbortCampaign'),
    /** Shards that have not confirmed the last pause, resumption or abort, after waiting for them. */
    waitForHalt: (campaignId: string) => waitForHalt(store, clock, campaignId, timeout_ms),
    /** False when the newest targeting has no outcome after that long. */
    waitForTargets: (campaignId: string, wait_ms: number) =>
      waitForTargets(runtime, clock, campaignId, wait_ms),
    /** The campaign as its stream says, its revision, and the digest that an approval must name; null when there is none. */
    async get(campaignId: string) {
      const { state, revision } = await loadStream(store, campaignStream(campaignId), campaignDecider);
      if (state.phase === 'absent') return null;
      return { campaign: state, revision, planDigest: planDigest(state, runtime.digest) };
    },
    /** Every event of a campaign in log order, or those of a part of the log; null when there is no such campaign. */
    async events(
      campaignId: string,
      within: { readonly after?: Position; readonly until?: Position } = {},
    ): Promise<AsyncIterable<readonly ExportedEvent[]> | null> {
      for await (const [first] of store.readStream(campaignStream(campaignId), { limit: 1 }))
        if (first !== undefined) return exported(campaignId, within);
      return null;
    },
    /** Its own stream: what was decided, by whom; null when there is none. */
    async history(campaignId: string): Promise<readonly ExportedEvent[] | null> {
      const events: ExportedEvent[] = [];
      for await (const batch of store.readStream(campaignStream(campaignId)))
        events.push(...batch.map(toExported));
      return events.length === 0 ? null : events;
    },
  };

  async function* exported(
    campaignId: string,
    within: { readonly after?: Position; readonly until?: Position },
  ): AsyncGenerator<readonly ExportedEvent[]> {
    for await (const events of campaignHistory(store, campaignId, within)) yield events.map(toExported);
  }
}

const toExported = (event: RecordedEvent): ExportedEvent => {
  const { id, stream, revision, position, type, schemaVersion, data, metadata } = event;
  const { time, actor, causationId, correlationId } = metadata;
  return {
    id,
    stream,
    revision,
    position,
    type,
    schemaVersion,
    time,
    actor,
    causationId,
    correlationId,
    data,
  };
};

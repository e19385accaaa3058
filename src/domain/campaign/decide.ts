/** The campaign aggregate: created → targeting defined → frozen → approved → scheduled → running ⇄ paused → over. */
import { type Decider, type Decision, unreachable } from '../shared/decider.ts';
import type { CampaignCommand } from './commands.ts';
import { type CampaignContext, notFound } from './context.ts';
import * as plan from './decide-plan.ts';
import * as run from './decide-run.ts';
import type { CampaignEvent } from './events.ts';
import { type CampaignState, evolveCampaign } from './state.ts';

function decide(
  state: CampaignState,
  command: CampaignCommand,
  context: CampaignContext,
): Decision<CampaignEvent> {
  if (command.type === 'CreateCampaign') return plan.create(state, command, context);
  if (state.phase === 'absent') return notFound();
  switch (command.type) {
    case 'DefineTargeting':
      return plan.defineTargeting(state, command, context);
    case 'RecordTargets':
      return plan.recordTargets(state, command);
    case 'RecordFreezeFailure':
      return plan.recordFreezeFailure(state, command);
    case 'ApproveCampaign':
      return plan.approve(state, command, context);
    case 'ScheduleCampaign':
      return plan.schedule(state, command, context);
    case 'AmendCampaign':
      return plan.amend(state, command, context);
    case 'StartCampaign':
      return run.start(state, command, context);
    case 'ReleaseWave':
      return run.releaseWave(state, command, context);
    case 'DecideGate':
      return run.decideGate(state, command);
    case 'ConfirmWave':
      return run.confirmWave(state, command, context);
    case 'PauseCampaign':
      return run.pause(state, command);
    case 'ResumeCampaign':
      return run.resume(state, command, context);
    case 'AbortCampaign':
      return run.abort(state, command, context);
    case 'ConcludeCampaign':
      return run.conclude(state, command);
    case 'ReviewCampaign':
      return run.review(state, command, context);
    default:
      return unreachable(command);
  }
}

export const campaignDecider: Decider<CampaignState, CampaignCommand, CampaignEvent, CampaignContext> = {
  initialState: { phase: 'absent' },
  decide,
  evolve: evolveCampaign,
};

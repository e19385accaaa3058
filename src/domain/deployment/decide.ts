/** What a deployment is, fixed by its first start: log id, shard count, form of vehicle ids (DESIGN §3). */
import { accept, type Decider, type Decision, type DecisionContext, reject } from '../shared/decider.ts';
import type { DeploymentEvent } from './events.ts';
import { type Deployment, type DeploymentState, evolveDeployment } from './state.ts';

/** At every start. The log id is made once and then read from the state. */
export interface StartDeployment {
  readonly type: 'StartDeployment';
  readonly shards: number;
  readonly identity: Deployment['identity'];
}

function decide(
  state: DeploymentState,
  { shards, identity }: StartDeployment,
  { newId }: DecisionContext,
): Decision<DeploymentEvent> {
  if (state === null)
    return accept({ type: 'DeploymentCreated', data: { logId: newId(), shards, identity } });
  if (state.shards !== shards)
    return reject(
      'shard-count-fixed',
      `this deployment was made with ${state.shards} shards, not ${shards}`,
      `Start it with ${state.shards} shards: every stream and Kafka partition rests on that number.`,
    );
  if (state.identity !== identity)
    return reject(
      'identity-fixed',
      `this deployment was made with vehicle ids of the form ${state.identity}, not ${identity}`,
      `Start it with identity ${state.identity}, or with an empty data directory.`,
    );
  return accept();
}

export const deploymentDecider: Decider<DeploymentState, StartDeployment, DeploymentEvent> = {
  initialState: null,
  decide,
  evolve: evolveDeployment,
};

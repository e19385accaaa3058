import type { EventOf } from '../shared/event.ts';
import type { DeploymentEvent, deploymentCreated } from './events.ts';

export type Deployment = EventOf<typeof deploymentCreated>['data'];
/** Null before the first start. */
export type DeploymentState = Deployment | null;

export const evolveDeployment = (_: DeploymentState, event: DeploymentEvent): DeploymentState => event.data;

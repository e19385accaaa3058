/** Which command needs which role. The server decides; this only spares people buttons that would refuse. */
import type { ACCESS } from '../../../src/api/roles.ts';
import type { Role } from './types.ts';

type Operation = keyof typeof ACCESS;
type RolesOf<K extends Operation> = Extract<(typeof ACCESS)[K], readonly Role[]>;

/** The server's role table, for the commands that the page sends. A test compares them. */
export const MAY = {
  pauseCampaign: ['operator', 'planner', 'approver', 'admin'],
  resumeCampaign: ['operator', 'admin'],
  abortCampaign: ['operator', 'approver', 'admin'],
  confirmWave: ['operator', 'approver', 'admin'],
  createCampaign: ['planner', 'admin'],
  defineTargeting: ['planner', 'admin'],
  approveCampaign: ['approver', 'admin'],
  startCampaign: ['operator', 'admin'],
  stopEmergency: ['operator', 'approver', 'planner', 'admin'],
  liftEmergency: ['approver', 'admin'],
  registerArtifact: ['developer', 'admin'],
  beginUpload: ['developer', 'admin'],
  validateArtifact: ['validator', 'admin'],
  releaseArtifact: ['approver', 'admin'],
} as const satisfies { readonly [K in Operation]?: RolesOf<K> | readonly Role[] };

export type Action = keyof typeof MAY;

export const neededRoles = (action: Action): string =>
  MAY[action].filter((role) => role !== 'admin').join(' or ');

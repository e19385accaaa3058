/** Who is signed in, and what they may do. The server decides; this only spares people buttons that would refuse. */
import { useQuery } from '@tanstack/react-query';
import type { ACCESS } from '../../../src/api/roles.ts';
import { get } from './api.ts';
import type { Role, SessionView } from './types.ts';

const HOUR_MS = 3_600_000;

export const SESSION_KEY = ['session'] as const;

/** Asked each hour, which renews it. */
export const useSession = () =>
  useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => get<SessionView>('/v1/session', signal),
    refetchInterval: HOUR_MS,
    staleTime: HOUR_MS / 2,
    retry: false,
  });

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
  uploadFile: ['developer', 'admin'],
  validateArtifact: ['validator', 'admin'],
  releaseArtifact: ['approver', 'admin'],
} as const satisfies { readonly [K in Operation]?: RolesOf<K> | readonly Role[] };

export type Action = keyof typeof MAY;

export function useMay(): (action: Action) => boolean {
  const { data } = useSession();
  return (action) => data?.roles.some((role) => (MAY[action] as readonly Role[]).includes(role)) === true;
}

export const neededRoles = (action: Action): string =>
  MAY[action].filter((role) => role !== 'admin').join(' or ');

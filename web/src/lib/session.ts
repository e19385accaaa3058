/** Who is signed in, and what they may do. */
import { useQuery } from '@tanstack/react-query';
import { get } from './api.ts';
import { type Action, MAY } from './may.ts';
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

export function useMay(): (action: Action) => boolean {
  const { data } = useSession();
  return (action) => data?.roles.some((role) => (MAY[action] as readonly Role[]).includes(role)) === true;
}

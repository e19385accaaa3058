import { useIsFetching, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, isAway } from '../lib/api.ts';
import { neededRoles } from '../lib/may.ts';
import { Link } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { FleetStatus } from '../lib/types.ts';
import { Ago } from '../ui/time.tsx';

export const FLEET_KEY = ['fleet'] as const;

export const useFleet = () =>
  useQuery({
    queryKey: FLEET_KEY,
    queryFn: ({ signal }) => get<FleetStatus>('/v1/fleet/status', signal),
    refetchInterval: 5000,
  });

/** On every page: nobody may wonder why nothing moves. */
export function EmergencyBanner() {
  const { data } = useFleet();
  const may = useMay();
  if (data?.emergencyStop.active !== true) return null;
  const { reason, since } = data.emergencyStop;
  return (
    <div className="banner" role="alert">
      <span>
        Emergency stop
        {since === null ? null : (
          <>
            , <Ago at={since} />
          </>
        )}
        : nothing is offered or granted in any campaign.
        {reason === null ? '' : ` ${reason}`}
      </span>
      {may('liftEmergency') ? (
        <Link className="button" to="/?stop=lift">
          Lift it…
        </Link>
      ) : (
        <span className="small">The role {neededRoles('liftEmergency')} lifts it.</span>
      )}
    </div>
  );
}

/** Says that what is shown is old, once a request has failed because nobody answered. */
export function AwayBanner() {
  const client = useQueryClient();
  const fetching = useIsFetching();
  const [away, setAway] = useState(false);
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { fetchFailureReason, status, dataUpdatedAt } = query.state;
        if (isAway(fetchFailureReason)) setAway(true);
        else if (status === 'success' && Date.now() - dataUpdatedAt < 1000) setAway(false);
      }),
    [client],
  );
  if (!away) return null;
  return (
    <div className="banner away" role="status">
      The server does not answer. What is shown is from before; reconnecting{fetching > 0 ? '…' : '.'}
    </div>
  );
}

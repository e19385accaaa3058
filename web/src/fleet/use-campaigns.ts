import { useQueries } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { campaignsOf } from '../lib/lists.ts';
import type { Campaign, Progress } from '../lib/types.ts';

interface Found {
  readonly campaigns: readonly Campaign[];
  readonly loaded: boolean;
}

/** Campaigns in any of these states: asked for by state, so that none is missed behind many that are over. */
export const useCampaignsIn = (states: readonly string[], every_ms: number): Found =>
  useQueries({
    queries: states.map((state) => ({ ...campaignsOf(state), refetchInterval: every_ms })),
    combine: (results) => ({
      campaigns: results.flatMap(({ data }) => data?.items ?? []),
      loaded: results.every(({ isSuccess }) => isSuccess),
    }),
  });

/** In the order of the campaigns; undefined while it is not known. */
export const useProgressOf = (campaigns: readonly Campaign[]): readonly (Progress | undefined)[] =>
  useQueries({
    queries: campaigns.map(({ id }) => ({
      queryKey: ['progress', id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Progress>(path`/v1/campaigns/${id}/progress`, signal),
      refetchInterval: 2000,
    })),
    combine: (results) => results.map(({ data }) => data),
  });

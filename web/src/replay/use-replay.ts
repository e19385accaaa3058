/** A campaign's own time line, and the moment of it that is shown. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { CampaignStateAt } from '../../../src/api/history/campaign-state.ts';
import type { CampaignSeries } from '../../../src/api/history/series.ts';
import { get, path } from '../lib/api.ts';
import type { Sample } from '../lib/progress.ts';
import type { Campaign, Progress } from '../lib/types.ts';

const BUCKETS = 240;
/** How often the moment moves while it is played, milliseconds. */
const TICK_MS = 200;

export type Series = CampaignSeries;

export interface Then {
  readonly campaign: Campaign | null;
  readonly progress: Progress | null;
  readonly events: number;
  readonly at: string | null;
}

export const seriesOf = (id: string) => ({
  queryKey: ['series', id],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<Series>(`${path`/v1/campaigns/${id}/series`}?buckets=${BUCKETS}`, signal),
});

export const useSeries = (id: string) => useQuery({ ...seriesOf(id), refetchInterval: 15_000 });

/** What there was at an instant. The one before stays until it is there, so that nothing flickers. */
export const useThen = (id: string, at_ms: number | null) =>
  useQuery({
    queryKey: ['then', id, at_ms],
    queryFn: async ({ signal }): Promise<Then> => {
      const asOf = encodeURIComponent(new Date(at_ms ?? 0).toISOString());
      const state = await get<CampaignStateAt>(`${path`/v1/campaigns/${id}/state`}?asOf=${asOf}`, signal);
      return { ...state, campaign: state.campaign as Campaign | null };
    },
    enabled: at_ms !== null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });

export const samplesOf = ({ points }: Series, until_ms: number): readonly Sample[] =>
  points
    .map(({ at, targets, succeeded, failed, pending }) => ({
      at: Date.parse(at),
      succeeded,
      failed,
      settled: targets - pending,
    }))
    .filter(({ at }) => at <= until_ms);

/** Calls back while it plays, with how many milliseconds of the campaign have gone by. */
export function usePlayer(speed: number, onTick: (passed_ms: number) => void): void {
  const [tick] = useState<{ run: (passed_ms: number) => void }>(() => ({ run: onTick }));
  tick.run = onTick;
  useEffect(() => {
    if (speed === 0) return;
    const timer = setInterval(() => tick.run(TICK_MS * speed), TICK_MS);
    return () => clearInterval(timer);
  }, [speed, tick]);
}

/** A campaign as it is now: its plan and decisions by query, its numbers live. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get, path } from '../lib/api.ts';
import { type Live, useLive } from '../lib/live.ts';
import { type Sample, sampleOf } from '../lib/progress.ts';
import type { Campaign, Progress } from '../lib/types.ts';

export const campaignKey = (id: string) => ['campaign', id] as const;

export const useCampaign = (id: string) =>
  useQuery({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) => get<Campaign>(path`/v1/campaigns/${id}`, signal),
    refetchInterval: 10_000,
  });

/** The live progress; decisions are read again as soon as the numbers say that one was made. */
export function useProgress(id: string): Live<Progress> {
  const client = useQueryClient();
  const live = useLive<Progress>(path`/v1/campaigns/${id}/live`);
  const { data } = live;
  const decided = data === null ? '' : [data.state, ...data.waves.map(({ state }) => state)].join();
  useEffect(() => {
    if (decided !== '') void client.invalidateQueries({ queryKey: campaignKey(id) });
  }, [client, id, decided]);
  return live;
}

/** Kept at most this often and this many: an hour and a half at full pace, then thinned out. */
const SAMPLE_MS = 2000;
const SAMPLES = 2400;

/** The progress as it was seen while the page was open. */
export function useSamples({ data, state }: Live<Progress>): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  // While nothing is heard nothing is known: the numbers on the page are not those of now.
  const newest = useRef<Progress | null>(null);
  newest.current = state === 'live' ? data : null;
  useEffect(() => {
    const take = (): void => {
      if (newest.current === null) return;
      const sample = sampleOf(newest.current, Date.now());
      setSamples((before) => {
        // Every other one of the older half goes: the curve keeps its shape, and the page its size.
        const kept =
          before.length < SAMPLES ? before : before.filter((_one, i) => i % 2 === 0 || i > SAMPLES / 2);
        return [...kept, sample];
      });
    };
    take();
    const timer = setInterval(take, SAMPLE_MS);
    return () => clearInterval(timer);
  }, []);
  return samples;
}

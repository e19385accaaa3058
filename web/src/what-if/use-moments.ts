/** The campaign at many instants over its whole time, from the recorded history. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { CampaignStateAt } from '../../../src/api/history/campaign-state.ts';
import { get, path } from '../lib/api.ts';
import type { Series } from '../replay/use-replay.ts';
import type { Moment } from './calculate.ts';

export const MOMENTS = 150;
const AT_ONCE = 5;

/** Only instants at which something changed: the others say the same as the one before. */
function instantsOf({ points }: Series): readonly string[] {
  const changed = points.filter(({ events }, i) => i === 0 || events !== points[i - 1]?.events);
  const step = Math.max(1, Math.ceil(changed.length / MOMENTS));
  return changed.filter((_point, i) => i % step === 0 || i === changed.length - 1).map(({ at }) => at);
}

async function read(id: string, series: Series, signal: AbortSignal): Promise<readonly Moment[]> {
  const instants = instantsOf(series);
  const moments: Moment[] = [];
  for (let i = 0; i < instants.length; i += AT_ONCE) {
    const found = await Promise.all(
      instants.slice(i, i + AT_ONCE).map(async (at): Promise<Moment> => {
        const url = `${path`/v1/campaigns/${id}/state`}?asOf=${encodeURIComponent(at)}`;
        const { progress } = await get<CampaignStateAt>(url, signal);
        return { at: Date.parse(at), progress };
      }),
    );
    moments.push(...found);
  }
  return moments;
}

export const useMoments = (id: string, series: Series) =>
  useQuery({
    queryKey: ['moments', id, series.to],
    queryFn: ({ signal }) => read(id, series, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });

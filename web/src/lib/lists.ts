/** Lists that several pages look at: read once, under one key, and to their end. */
import { get, queryOf } from './api.ts';
import { readAll } from './paging.ts';
import type { Artifact, Campaign, Page } from './types.ts';

/** As many as the server gives at once. */
const AT_ONCE = 1000;

const listOf =
  <T>(name: string) =>
  (state = '') => ({
    queryKey: [name, state],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      readAll((cursor) => get<Page<T>>(`/v1/${name}${queryOf({ limit: AT_ONCE, state, cursor })}`, signal)),
  });

/** @param state only those; left out = all. */
export const campaignsOf = listOf<Campaign>('campaigns');
export const artifactsOf = listOf<Artifact>('artifacts');

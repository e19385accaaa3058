/**
 * A list of any length, by cursor: the cursors of the pages seen so far are kept, and of the pages themselves only those
 * in sight and the ones just left. What scrolls back into sight is read again.
 */
import { useQueries } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, path, queryOf } from '../lib/api.ts';
import type { Assignment, Page } from '../lib/types.ts';

export const PAGE = 500;
/** Browsers draw nothing that is higher than some 17 million pixels; after so many rows the list begins anew. */
const MOST_PAGES = 800;
const LEFT_BEHIND_MS = 20_000;

/** Pages that are in sight or near it. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

export interface Pages {
  readonly pages: ReadonlyMap<number, Page<Assignment>>;
  /** Rows of the pages that are known. */
  readonly length: number;
  readonly more: boolean;
  readonly pending: boolean;
  readonly error: unknown;
  /** Begins anew after the last row; null while there is still room. */
  readonly onNext: (() => void) | null;
}

interface Known {
  readonly cursors: readonly string[];
  /** Rows of the last page, once there is none after it. */
  readonly tail: number | null;
}

const START: Known = { cursors: [''], tail: null };

export function usePages(campaignId: string, phase: string, { first, last }: Window): Pages {
  const [{ cursors, tail }, setKnown] = useState<Known>(START);
  const wanted = cursors.map((cursor, index) => ({ cursor, index })).slice(first, last + 1);
  const found = useQueries({
    queries: wanted.map(({ cursor }) => ({
      queryKey: ['assignments', campaignId, phase, cursor],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Page<Assignment>>(
          path`/v1/campaigns/${campaignId}/assignments` + queryOf({ limit: PAGE, phase, cursor }),
          signal,
        ),
      gcTime: LEFT_BEHIND_MS,
      staleTime: 5000,
    })),
  });
  const pages = new Map<number, Page<Assignment>>();
  for (const [i, { data }] of found.entries()) {
    const index = wanted[i]?.index;
    if (index !== undefined && data !== undefined) pages.set(index, data);
  }
  const newest = pages.get(cursors.length - 1);
  const next = newest?.next ?? null;
  const rows = newest?.items.length ?? null;
  useEffect(() => {
    if (rows === null) return;
    setKnown((before) => {
      if (next === null) return before.tail === rows ? before : { ...before, tail: rows };
      const full = before.cursors.length >= MOST_PAGES || before.cursors.includes(next);
      return full ? before : { cursors: [...before.cursors, next], tail: null };
    });
  }, [next, rows]);
  const full = next !== null && cursors.length >= MOST_PAGES;
  return {
    pages,
    length: (cursors.length - 1) * PAGE + (rows ?? tail ?? 0),
    more: tail === null || full,
    pending: found.some(({ isPending }) => isPending),
    error: found.find(({ error }) => error !== null)?.error ?? null,
    onNext: full ? () => setKnown({ cursors: [next], tail: null }) : null,
  };
}

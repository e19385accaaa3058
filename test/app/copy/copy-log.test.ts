import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { agrees, compareLogs } from '../../../src/app/copy/compare-logs.ts';
import { CopyError, copyLog } from '../../../src/app/copy/copy-log.ts';
import type { AppendRequest, EventStore } from '../../../src/app/ports.ts';
import { append, event, events, request } from '../../contract/event-store/samples.ts';

const empty = createMemoryEventStore;

async function logOf(...requests: readonly AppendRequest[]): Promise<EventStore> {
  const store = empty();
  for (const one of requests) await append(store, one.stream, one.expectedRevision, one.events);
  return store;
}

const STORY = [
  request('a-1', -1, events(2)),
  request('b-1', -1, events(1)),
  request('a-1', 1, events(3)),
  request('c-1', -1, events(1)),
];

const compare = async (source: EventStore, target: EventStore) =>
  compareLogs(source, target, { until: await source.head() });

const refusal = async (copying: Promise<unknown>): Promise<CopyError> => {
  const error = await copying.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CopyError)) throw new Error(`no CopyError: ${String(error)}`);
  return error;
};

describe('copying a log', () => {
  it('gives an equal log: same streams, appends, events and chains', async () => {
    const [source, target] = [await logOf(...STORY), empty()];
    expect(await copyLog({ source, target, perCall: 1 })).toEqual({
      position: await source.head(),
      held: 0,
      copied: 4,
    });
    const comparison = await compare(source, target);
    expect(comparison).toMatchObject({
      source: { streams: 3, appends: 4, events: 7 },
      found: 0,
      complete: true,
    });
    expect(comparison.target).toEqual(comparison.source);
    expect(agrees(comparison)).toBe(true);
  });

  it('goes on where an earlier copy was cut off, and does nothing when there is nothing left', async () => {
    const source = await logOf(...STORY);
    const target = await logOf(...STORY.slice(0, 3));
    expect(await copyLog({ source, target, perCall: 10 })).toMatchObject({ held: 3, copied: 1 });
    expect(await copyLog({ source, target, perCall: 10 })).toMatchObject({ held: 4, copied: 0 });
    expect(agrees(await compare(source, target))).toBe(true);
  });

  it('goes on after an append whose answer was lost', async () => {
    const source = await logOf(...STORY);
    let answers = 0;
    const lossy = createMemoryEventStore({
      afterAppend: () => {
        answers += 1;
        if (answers === 2) throw new Error('connection lost');
      },
    });
    await expect(copyLog({ source, target: lossy, perCall: 1 })).rejects.toThrow('connection lost');
    expect(await copyLog({ source, target: lossy, perCall: 1 })).toMatchObject({ held: 2, copied: 2 });
    expect(agrees(await compare(source, lossy))).toBe(true);
  });

  it('copies what was there at its beginning, and the rest in the next run', async () => {
    const source = await logOf(...STORY);
    const target = createMemoryEventStore({
      beforeAppend: async () => {
        await source.append([request('late-1', -1)]);
      },
    });
    const until = await source.head();
    expect(await copyLog({ source, target, perCall: 100 })).toEqual({ position: until, held: 0, copied: 4 });
    expect(agrees(await compareLogs(source, target, { until }))).toBe(true);
    expect(await copyLog({ source, target, perCall: 100 })).toMatchObject({ held: 4, copied: 1 });
  });

  it.each([
    ['of another history', [request('x-1', -1)], /holds x-1 at revision 0 where the source has a-1 at/],
    [
      'with other events at the same place',
      [request('a-1', -1, events(2))],
      /a-1 at revision 0 with other content/,
    ],
    ['with other boundaries of appends', [request('a-1', -1, STORY[0]?.events.slice(0, 1))], /other content/],
    ['in another order', [STORY[1] as AppendRequest, STORY[0] as AppendRequest], /holds b-1 at revision 0/],
    [
      'that goes on behind the end of the source',
      [...STORY, request('x-1', -1)],
      /after 4 equal appends, the target goes on with x-1 at revision 0/,
    ],
  ])('refuses a target %s, and writes nothing', async (_, held, says) => {
    const [source, target] = [await logOf(...STORY), await logOf(...held)];
    const before = await target.head();
    const error = await refusal(copyLog({ source, target, perCall: 100 }));
    expect(error.code).toBe('other-history');
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/Nothing was written\. Copy into an empty log/);
    expect(await target.head()).toBe(before);
  });

  it('stops when something else writes into the target', async () => {
    const source = await logOf(...STORY);
    const target = empty();
    const meddled: Pick<EventStore, 'append' | 'appends'> = {
      appends: (after) => target.appends(after),
      append: async (requests) => {
        if (requests[0]?.stream === 'b-1') await target.append([request('b-1', -1)]);
        return target.append(requests);
      },
    };
    const error = await refusal(copyLog({ source, target: meddled, perCall: 1 }));
    expect(error).toMatchObject({ code: 'target-changed' });
    expect(error.message).toMatch(/b-1 is at revision 0 in the target, not at -1/);
  });

  it('says which append the target has no room for', async () => {
    const source = await logOf(...STORY);
    const small: Pick<EventStore, 'append' | 'appends'> = {
      appends: () => empty().appends(),
      append: async (requests) => requests.map(() => ({ status: 'too-large', bytes: 9, limit: 8 })),
    };
    const error = await refusal(copyLog({ source, target: small, perCall: 1 }));
    expect(error.code).toBe('too-large');
    expect(error.message).toContain('a-1 at revision 0 has 9 bytes in the target, which takes 8');
  });

  it('hands no more to the target at once than it was told to', async () => {
    const source = await logOf(...STORY);
    const sizes: number[] = [];
    const target = createMemoryEventStore({
      beforeAppend: (requests) => {
        sizes.push(requests.length);
      },
    });
    await copyLog({ source, target, perCall: 3 });
    expect(sizes).toEqual([3, 1]);
  });
});

describe('comparing two logs', () => {
  it('finds what is missing, what is too many and what was altered, wherever it is', async () => {
    const altered = { ...(STORY[3] as AppendRequest), events: [event()] };
    const target = await logOf(
      STORY[0] as AppendRequest,
      request('x-1', -1),
      STORY[2] as AppendRequest,
      altered,
    );
    const comparison = await compare(await logOf(...STORY), target);
    expect(new Set(comparison.differences)).toEqual(
      new Set([
        { kind: 'missing', stream: 'b-1', revision: 0 },
        { kind: 'unexpected', stream: 'x-1', revision: 0 },
        { kind: 'altered', stream: 'c-1', revision: 0 },
      ]),
    );
    expect(comparison).toMatchObject({ found: 3, complete: true });
    expect(agrees(comparison)).toBe(false);
  });

  it('does not take the rest for reordered when one append is missing', async () => {
    const requests = Array.from({ length: 30 }, (_, n) => request(`a-${n}`, -1));
    const comparison = await compare(await logOf(...requests), await logOf(...requests.slice(1)));
    expect(comparison.differences).toEqual([{ kind: 'missing', stream: 'a-0', revision: 0 }]);
  });

  it('finds appends in another order', async () => {
    const [a, b, ...rest] = STORY as [AppendRequest, AppendRequest, AppendRequest, AppendRequest];
    const comparison = await compare(await logOf(...STORY), await logOf(b, a, ...rest));
    expect(comparison.found).toBe(1);
    expect(comparison.differences[0]?.kind).toBe('order');
    expect(comparison.source.digest).not.toBe(comparison.target.digest);
  });

  it('lists a bounded number of differences, and counts all', async () => {
    const requests = Array.from({ length: 200 }, (_, n) => request(`a-${n}`, -1));
    const comparison = await compare(await logOf(...requests), empty());
    expect(comparison.found).toBe(200);
    expect(comparison.differences).toHaveLength(50);
  });

  it('gives up on logs that have too little in common, instead of keeping all of them', async () => {
    const other = (name: string) => Array.from({ length: 100 }, (_, n) => request(`${name}-${n}`, -1));
    const source = await logOf(...other('a'));
    const comparison = await compareLogs(source, await logOf(...other('b')), {
      until: await source.head(),
      window: 20,
    });
    expect(comparison.complete).toBe(false);
    expect(comparison.source.appends).toBeLessThan(100);
    expect(agrees(comparison)).toBe(false);
  });
});

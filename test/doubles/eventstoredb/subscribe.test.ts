/** Subscriptions, as the real client sees them: catching up, live, checkpoints, a slow reader. */
import {
  type AllStreamSubscription,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  type Position,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, counted, countedAll, doubles, numbers, numbersOf } from './support.ts';

const { both } = doubles();

type Told = { readonly event: ResolvedEvent } | { readonly checkpoint: Position } | 'caught up' | 'confirmed';

/** Everything that a subscription tells, in order. */
class Listening {
  readonly told: Told[] = [];
  #changed: () => void = () => {};

  hear(told: Told): void {
    this.told.push(told);
    this.#changed();
  }

  listen(subscription: AllStreamSubscription): this {
    // The client's own type does not name the event that it emits.
    subscription.on('caughtUp' as 'end', () => this.hear('caught up'));
    subscription.on('confirmation', () => this.hear('confirmed'));
    subscription.on('data', (event) => this.hear({ event }));
    return this;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }

  get numbers(): number[] {
    return numbersOf(
      this.told.flatMap((told) => (typeof told === 'object' && 'event' in told ? [told.event] : [])),
    );
  }

  get checkpoints(): Position[] {
    return this.told.flatMap((told) =>
      typeof told === 'object' && 'checkpoint' in told ? [told.checkpoint] : [],
    );
  }
}

interface Asked {
  readonly fromPosition?: Position | typeof START | typeof END;
  readonly prefixes: readonly string[];
  readonly checkpointInterval?: number;
  readonly maxSearchWindow?: number;
}

function listenFiltered(client: EventStoreDBClient, asked: Asked): Listening {
  const listening = new Listening();
  const { fromPosition = START, prefixes, ...rest } = asked;
  const filter = streamNameFilter({
    ...rest,
    prefixes: [...prefixes],
    checkpointReached: async (_subscription, checkpoint) => listening.hear({ checkpoint }),
  });
  return listening.listen(client.subscribeToAll({ fromPosition, filter }));
}

/** Highest position that there is. */
async function headOf(client: EventStoreDBClient): Promise<Position> {
  const [last] = await all(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
  return last?.event?.position ?? { commit: -1n, prepare: -1n };
}

describe('a subscription to $all', () => {
  it('is confirmed, catches up, says so, and goes on live without a gap or a repeat', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(...numbers(0, 100)));
    const listening = new Listening().listen(client.subscribeToAll());
    await listening.until(() => listening.told.includes('caught up'));
    expect(listening.told[0]).toBe('confirmed');
    expect(listening.numbers).toEqual(numbers(0, 100));
    for (const n of numbers(100, 300)) await client.appendToStream('s', counted(n));
    await listening.until(() => listening.numbers.length >= 400);
    expect(listening.numbers).toEqual(numbers(0, 400));
  });

  it('loses and repeats nothing when it can not keep up live', async () => {
    const { client } = await both();
    const listening = new Listening().listen(client.subscribeToAll({ fromPosition: END }));
    await listening.until(() => listening.told.includes('caught up'));
    await client.appendToStream('s', counted(0));
    // Of a commit of more than 32 events a subscription hears only the last ones live.
    await client.appendToStream('s', countedAll(...numbers(1, 500)));
    await Promise.all(numbers(501, 500).map((n) => client.appendToStream('s', counted(n))));
    await listening.until(() => listening.numbers.length >= 1001);
    expect(listening.numbers).toEqual(numbers(0, 1001));
    expect(listening.told.filter((told) => told === 'caught up').length).toBeGreaterThan(1);
  });

  it('from a position starts after it, from the end with what comes then', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0, 1));
    const fromPosition = await headOf(client);
    await client.appendToStream('s', countedAll(2, 3));
    const after = new Listening().listen(client.subscribeToAll({ fromPosition }));
    const atEnd = new Listening().listen(client.subscribeToAll({ fromPosition: END }));
    await atEnd.until(() => atEnd.told.includes('caught up'));
    await client.appendToStream('s', counted(4));
    await after.until(() => after.numbers.length === 3);
    await atEnd.until(() => atEnd.numbers.length === 1);
    expect(after.numbers).toEqual([2, 3, 4]);
    expect(atEnd.numbers).toEqual([4]);
  });

  it('filters by the type of events too', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0, 1));
    const listening = new Listening().listen(client.subscribeToAll({ filter: excludeSystemEvents() }));
    const byPrefix = new Listening().listen(
      client.subscribeToAll({ filter: eventTypeFilter({ prefixes: ['Cou'] }) }),
    );
    for (const each of [listening, byPrefix]) {
      await each.until(() => each.told.includes('caught up'));
      expect(each.told.filter((told) => typeof told === 'object' && 'event' in told)).toHaveLength(2);
    }
  });

  it('meets statistics of the server now and then', async () => {
    const { client } = await both({ statisticsEveryMs: 20 });
    let met = 0;
    for await (const { event } of client.subscribeToAll({ fromPosition: END })) {
      expect(event?.type).toBe('$statsCollected');
      met += 1;
      if (met === 3) break;
    }
    expect(met).toBe(3);
  });

  it('does not take in more than a reader takes', async () => {
    const { client, double } = await both();
    const big = () => jsonEvent({ type: 'Counted', data: { n: 0, text: 'x'.repeat(200_000) } });
    for (const _ of numbers(0, 20)) await client.appendToStream('s', [big(), big(), big(), big(), big()]);
    const subscription = client.subscribeToAll();
    await new Promise((resolve) => subscription.once('readable', resolve));
    await client.appendToStream('t', counted(1));
    expect(double.stats().bytesSent).toBeLessThan(10_000_000);
    await subscription.unsubscribe();
  });
});

describe('a filtered subscription', () => {
  it('hears a checkpoint each time the interval has been looked at, live', async () => {
    const { client } = await both();
    const asked = {
      prefixes: ['mine-'],
      maxSearchWindow: 5,
      checkpointInterval: 2,
      fromPosition: END,
    } as const;
    const listening = listenFiltered(client, asked);
    await listening.until(() => listening.told.includes('caught up'));
    const positions: Position[] = [];
    for (const n of numbers(0, 35)) {
      const { position } = await client.appendToStream(`other-${n}`, counted(n));
      if (position !== undefined) positions.push(position);
    }
    await listening.until(() => listening.checkpoints.length >= 3);
    expect(listening.checkpoints).toEqual([positions[9], positions[19], positions[29]]);
    expect(listening.numbers).toEqual([]);
  });

  it('hears checkpoints while catching up over what does not match, and resumes from one', async () => {
    const { client } = await both();
    for (const n of numbers(0, 30)) await client.appendToStream('other', countedAll(n, n, n, n));
    await client.appendToStream('mine-1', countedAll(500));
    const listening = listenFiltered(client, { prefixes: ['mine-'] });
    await listening.until(() => listening.told.includes('caught up'));
    expect(listening.numbers).toEqual([500]);
    const [first, second] = listening.checkpoints;
    expect(first).toEqual({ commit: 0n, prepare: 0n });
    expect(second?.prepare).toBe(0n);
    expect(second?.commit).toBeGreaterThan(0n);
    const resumed = listenFiltered(client, { prefixes: ['mine-'], fromPosition: second ?? START });
    await resumed.until(() => resumed.told.includes('caught up'));
    expect(resumed.numbers).toEqual([500]);
    expect(resumed.checkpoints.length).toBeLessThan(listening.checkpoints.length);
  });

  it('goes on live in 23.10 with the interval where it was while catching up', async () => {
    const { client } = await both({ version: '23.10' });
    const before = (await all(client.readAll())).length;
    const listening = listenFiltered(client, { prefixes: ['mine-'], maxSearchWindow: before + 2 });
    await listening.until(() => listening.told.includes('caught up'));
    await client.appendToStream('other', counted(0));
    const { position } = await client.appendToStream('other', counted(1));
    await listening.until(() => listening.checkpoints.length > 0);
    expect(listening.checkpoints).toEqual([position]);
  });

  const quiet = { prefixes: ['nobody-'], checkpointInterval: 1000 };

  it('in 24.10 is given the greatest number as checkpoint when it has seen nothing up to the end', async () => {
    const { client } = await both({ version: '24.10' });
    const listening = listenFiltered(client, quiet);
    await listening.until(() => listening.told.includes('caught up'));
    expect(listening.checkpoints).toEqual([{ commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n }]);
  });

  it('in 25 is given the start then, and in 23.10 nothing', async () => {
    const newer = await both({ version: '25.1' });
    const older = await both({ version: '23.10' });
    const [withCheckpoint, without] = [newer, older].map(({ client }) => listenFiltered(client, quiet));
    await withCheckpoint?.until(() => withCheckpoint.told.includes('caught up'));
    await without?.until(() => without.told.includes('caught up'));
    expect(withCheckpoint?.checkpoints).toEqual([{ commit: 0n, prepare: 0n }]);
    expect(without?.checkpoints).toEqual([]);
  });
});

describe('a subscription to a stream', () => {
  it('waits for one that does not exist yet', async () => {
    const { client } = await both();
    const heard: number[] = [];
    const subscription = client.subscribeToStream('later');
    const done = (async () => {
      for await (const resolved of subscription) {
        heard.push(...numbersOf([resolved]));
        if (heard.length === 60) break;
      }
    })();
    await new Promise((resolve) => subscription.once('confirmation', resolve));
    await client.appendToStream('other', counted(9));
    await client.appendToStream('later', countedAll(...numbers(0, 60)));
    await done;
    expect(heard).toEqual(numbers(0, 60));
  });

  it('goes on after a revision', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0, 1, 2));
    for await (const resolved of client.subscribeToStream('s', { fromRevision: 1n })) {
      expect(numbersOf([resolved])).toEqual([2]);
      break;
    }
  });
});

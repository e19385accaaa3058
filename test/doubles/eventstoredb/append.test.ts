/** Appending, as the real client sees it. */
import {
  AccessDeniedError,
  type EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, counted, countedAll, doubles, numbers, numbersOf } from './support.ts';

const { both, start, connect } = doubles();

/** With credentials of its own an append goes by `Append`, without by `BatchAppend`. */
const ways = {
  BatchAppend: {},
  Append: { credentials: { username: 'admin', password: 'changeit' } },
} as const;

const conflict = async (appending: Promise<unknown>): Promise<WrongExpectedVersionError> => {
  const error = await appending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WrongExpectedVersionError);
  return error as WrongExpectedVersionError;
};

describe.each(Object.entries(ways))('%s', (_name, way) => {
  it('writes a stream and says where it ended', async () => {
    const { client } = await both();
    const first = await client.appendToStream('s', countedAll(0, 1), {
      expectedRevision: 'no_stream',
      ...way,
    });
    const second = await client.appendToStream('s', counted(2), { expectedRevision: 1n, ...way });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(second).toMatchObject({ success: true, nextExpectedRevision: 2n });
    const read = await all(client.readStream('s'));
    expect(numbersOf(read)).toEqual([0, 1, 2]);
    expect(read.map(({ event }) => event?.revision)).toEqual([0n, 1n, 2n]);
    expect(first.position).toEqual(read[1]?.event?.position);
    expect(second.position).toEqual(read[2]?.event?.position);
  });

  it('refuses another revision than the stream has, and tells which it has', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0, 1, 2));
    const behind = await conflict(client.appendToStream('s', counted(9), { expectedRevision: 1n, ...way }));
    expect(behind).toMatchObject({ streamName: 's', expectedVersion: 1n, actualVersion: 2n });
    const ahead = await conflict(client.appendToStream('s', counted(9), { expectedRevision: 7n, ...way }));
    expect(ahead).toMatchObject({ expectedVersion: 7n, actualVersion: 2n });
    const fresh = await conflict(
      client.appendToStream('s', counted(9), { expectedRevision: 'no_stream', ...way }),
    );
    expect(fresh).toMatchObject({ expectedVersion: 'no_stream', actualVersion: 2n });
    const missing = await conflict(client.appendToStream('t', counted(9), { expectedRevision: 0n, ...way }));
    expect(missing).toMatchObject({ expectedVersion: 0n, actualVersion: 'no_stream' });
    await conflict(client.appendToStream('t', counted(9), { expectedRevision: 'stream_exists', ...way }));
  });

  it('takes the same events at the same place again as done, with the first answer', async () => {
    const { client } = await both();
    await client.appendToStream('s', counted(0));
    const events = countedAll(1, 2);
    const once = await client.appendToStream('s', events, { expectedRevision: 0n, ...way });
    await client.appendToStream('s', counted(3));
    expect(await client.appendToStream('s', events, { expectedRevision: 0n, ...way })).toEqual(once);
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0, 1, 2, 3]);
  });

  it('takes events again that expect any revision, as long as all of them are known', async () => {
    const { client } = await both();
    const [first, second] = [counted(0), counted(1)];
    const once = await client.appendToStream('s', [first, second], way);
    expect(await client.appendToStream('s', [first, second], way)).toEqual(once);
    await conflict(client.appendToStream('s', [first, counted(2)], way));
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0, 1]);
  });

  it('refuses a repeat of which only a part, or another event, was written', async () => {
    const { client } = await both();
    const [first, second] = [counted(0), counted(1)];
    await client.appendToStream('s', [first, second], { expectedRevision: 'no_stream' });
    const again = { expectedRevision: 'no_stream', ...way } as const;
    await conflict(client.appendToStream('s', [first, counted(9)], again));
    await conflict(client.appendToStream('s', [first, second, counted(9)], again));
    await conflict(client.appendToStream('s', [counted(9), second], again));
    expect(await client.appendToStream('s', [first], again)).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('refuses an append beyond the largest, and nothing of it is written', async () => {
    const { client } = await both({ version: '25.1' });
    const big = jsonEvent({ type: 'Counted', data: { n: 0, text: 'x'.repeat(1_048_576) } });
    const error = await client.appendToStream('s', [counted(0), big], way).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(error).toMatchObject({ maxAppendSize: 1_048_576 });
    await expect(all(client.readStream('s'))).rejects.toThrow();
  });

  it('lets nobody write the streams of the server', async () => {
    const { client } = await both();
    await expect(client.appendToStream('$s', counted(0), way)).rejects.toBeInstanceOf(AccessDeniedError);
    await expect(client.appendToStream('$$s', counted(0), way)).rejects.toBeInstanceOf(AccessDeniedError);
  });

  it('never writes a stream again that was tombstoned, and starts a deleted one where it ended', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0, 1));
    await client.deleteStream('s', { expectedRevision: 1n });
    const again = await client.appendToStream('s', counted(2), { expectedRevision: 'no_stream', ...way });
    expect(again.nextExpectedRevision).toBe(2n);
    expect(numbersOf(await all(client.readStream('s')))).toEqual([2]);
    await client.tombstoneStream('s');
    await expect(client.appendToStream('s', counted(3), way)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(all(client.readStream('s'))).rejects.toBeInstanceOf(StreamDeletedError);
  });
});

describe('the largest append', () => {
  const withMetadata = (bytes: number) =>
    jsonEvent({ type: 'Counted', data: { n: 0 }, metadata: { text: 'x'.repeat(bytes) } });

  it.each([
    ['23.10', true],
    ['24.10', true],
    ['25.1', false],
  ] as const)('in %s: metadata over the limit is taken = %s', async (version, taken) => {
    const { client } = await both({ version, maxAppendBytes: 1000 });
    const appended = client.appendToStream('s', withMetadata(1000)).then(
      () => true,
      () => false,
    );
    expect(await appended).toBe(taken);
  });
});

describe('many at once', () => {
  const racers = async (client: EventStoreDBClient) =>
    Promise.allSettled(
      Array.from({ length: 50 }, (_, n) =>
        client.appendToStream('race', counted(n), { expectedRevision: 'no_stream' }),
      ),
    );

  it('lets one of those win who expect the same', async () => {
    const { client } = await both();
    const won = (await racers(client)).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await all(client.readStream('race'))).toHaveLength(1);
  });

  it('keeps the order of appends to one stream that expect any revision', async () => {
    const { client } = await both();
    // The client sends the first append of a connection late: it opens the call before it.
    await client.appendToStream('s', counted(0));
    await Promise.all(numbers(1, 200).map((n) => client.appendToStream('s', counted(n))));
    expect(numbersOf(await all(client.readStream('s')))).toEqual(numbers(0, 201));
  });
});

describe('positions', () => {
  it('grow without being dense, and can be beyond what a double holds', async () => {
    const base = 2n ** 60n;
    const double = await start({ firstPosition: base });
    const client = connect(double.url);
    await client.appendToStream('s', countedAll(0, 1, 2));
    const read = await all(client.readAll());
    const commits = read.map(({ event }) => event?.position?.commit ?? 0n);
    expect(commits.every((commit, index) => index === 0 || commit > (commits[index - 1] ?? 0n) + 1n)).toBe(
      true,
    );
    expect(commits[0]).toBeGreaterThan(base);
    const from = read.at(-2)?.event?.position;
    const rest = await all(client.readAll({ fromPosition: from ?? 'start' }));
    expect(numbersOf(rest)).toEqual([1, 2]);
  });
});

/** Faults on demand, as the real client suffers them. */
import {
  CancelledError,
  DeadlineExceededError,
  type EventStoreDBClient,
  NotLeaderError,
  TimeoutError,
  UnavailableError,
} from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { all, counted, countedAll, doubles, numbers, numbersOf } from './support.ts';

const { both, start, connect } = doubles();
const credentials = { username: 'admin', password: 'changeit' };

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  );

const written = async (client: EventStoreDBClient): Promise<number[]> =>
  numbersOf(await all(client.readStream('s')));

describe('an append whose answer is lost', () => {
  it.each([
    ['BatchAppend', {}, DeadlineExceededError],
    ['Append', { credentials }, TimeoutError],
  ] as const)(
    'by a time-out of the server (%s): has taken effect, and is known when repeated',
    async (_name, way, kind) => {
      const { double, client } = await both();
      const event = counted(0);
      double.faults.loseAnswers('timeout');
      const expected = { expectedRevision: 'no_stream', ...way } as const;
      expect(await failure(client.appendToStream('s', event, expected))).toBeInstanceOf(kind);
      expect(await written(client)).toEqual([0]);
      expect(await client.appendToStream('s', event, expected)).toMatchObject({ nextExpectedRevision: 0n });
      expect(await written(client)).toEqual([0]);
    },
  );

  it.each([
    ['BatchAppend', {}],
    ['Append', { credentials }],
  ] as const)(
    'by a broken connection (%s): has taken effect, and the client connects again',
    async (_name, way) => {
      const { double, client } = await both();
      const event = counted(0);
      double.faults.loseAnswers('cut');
      const expected = { expectedRevision: 'no_stream', ...way } as const;
      expect(await failure(client.appendToStream('s', event, expected))).toBeInstanceOf(UnavailableError);
      expect(await client.appendToStream('s', event, expected)).toMatchObject({ nextExpectedRevision: 0n });
      expect(await written(client)).toEqual([0]);
    },
  );

  it('by silence: a plain append runs into the deadline of the caller', async () => {
    const { double, client } = await both();
    double.faults.loseAnswers('silence');
    const appending = client.appendToStream('s', counted(0), { credentials, deadline: 300 });
    expect(await failure(appending)).toBeInstanceOf(DeadlineExceededError);
    expect(await written(client)).toEqual([0]);
  });

  it('by silence: a batch append waits until its connection ends', async () => {
    const { double, client } = await both();
    // The first append of a connection is sent late: it opens the call.
    await client.appendToStream('s', counted(0));
    double.faults.loseAnswers('silence');
    let settled = false;
    const appending = failure(client.appendToStream('s', counted(0), { deadline: 50 })).then((reason) => {
      settled = true;
      return reason;
    });
    await client.appendToStream('s', counted(1));
    expect(settled).toBe(false);
    double.faults.cutConnections();
    expect(await appending).toBeInstanceOf(UnavailableError);
  });
});

describe('an append that times out', () => {
  it('may as well not have taken effect', async () => {
    const { double, client } = await both();
    double.faults.loseAppends(2);
    expect(await failure(client.appendToStream('s', counted(0)))).toBeInstanceOf(DeadlineExceededError);
    const plain = client.appendToStream('s', counted(1), { credentials });
    expect(await failure(plain)).toBeInstanceOf(TimeoutError);
    await client.appendToStream('s', counted(2));
    expect(await written(client)).toEqual([2]);
  });
});

describe('a subscription', () => {
  const consume = async (client: EventStoreDBClient, until: number) => {
    const heard: number[] = [];
    try {
      for await (const resolved of client.subscribeToAll()) {
        heard.push(...numbersOf([resolved]));
        if (heard.at(-1) === until) break;
      }
    } catch (error) {
      return { heard, error };
    }
    return { heard, error: undefined };
  };

  it.each([
    ['unavailable', UnavailableError],
    ['cancelled', CancelledError],
    ['cut', UnavailableError],
  ] as const)('dropped in the middle of an append (%s) ends there, once', async (how, kind) => {
    const { double, client } = await both();
    await client.appendToStream('s', countedAll(...numbers(0, 30)));
    const system = (await all(client.readAll())).length - 30;
    double.faults.dropSubscriptions(system + 7, how);
    const first = await consume(client, 29);
    expect(first.error).toBeInstanceOf(kind);
    // A broken connection also takes what is on its way.
    if (how === 'cut') expect(first.heard).toEqual(numbers(0, first.heard.length));
    else expect(first.heard).toEqual(numbers(0, 7));
    expect(await consume(client, 29)).toEqual({ heard: numbers(0, 30), error: undefined });
  });

  it('ends with its connection', async () => {
    const { double, client } = await both();
    const subscription = client.subscribeToAll();
    const error = new Promise((resolve) => subscription.once('error', resolve));
    await new Promise((resolve) => subscription.once('data', resolve));
    double.faults.cutConnections();
    expect(await error).toBeInstanceOf(UnavailableError);
    expect(double.stats()).toMatchObject({ connections: 0, subscriptions: 0 });
  });
});

describe('a node that does not lead', () => {
  it('names the leader to those who require it, and serves the others', async () => {
    const [leader, follower] = [await start(), await start()];
    const client = connect(follower.url);
    follower.faults.answerNotLeader({ host: '127.0.0.1', port: leader.port });
    await client.appendToStream('s', counted(0));
    const appending = client.appendToStream('s', counted(1), { credentials, requiresLeader: true });
    const error = await failure(appending);
    expect(error).toBeInstanceOf(NotLeaderError);
    expect(error).toMatchObject({ leader: { address: '127.0.0.1', port: leader.port } });
    // The client goes there by itself from now on.
    await client.appendToStream('t', counted(2));
    expect(numbersOf(await all(connect(leader.url).readStream('t')))).toEqual([2]);
    follower.faults.clear();
    expect(numbersOf(await all(connect(follower.url).readStream('s')))).toEqual([0]);
  });

  it('ends a call of batch appends, and all that is under way in it', async () => {
    const [leader, follower] = [await start(), await start()];
    const client = connect(follower.url);
    await client.appendToStream('s', counted(0), { requiresLeader: true });
    follower.faults.answerNotLeader({ host: '127.0.0.1', port: leader.port });
    const appending = numbers(1, 5).map((n) => failure(client.appendToStream('s', counted(n))));
    for (const error of await Promise.all(appending)) expect(error).toBeInstanceOf(NotLeaderError);
    await client.appendToStream('t', counted(1));
    expect(numbersOf(await all(connect(leader.url).readStream('t')))).toEqual([1]);
  });

  it('can say so to everyone', async () => {
    const { double, client } = await both();
    double.faults.answerNotLeader({ host: '127.0.0.1', port: double.port }, { always: true });
    expect(await failure(all(client.readAll()))).toBeInstanceOf(NotLeaderError);
    double.faults.answerNotLeader(null);
    expect(await failure(all(client.readAll()))).toBeUndefined();
  });
});

describe('a server that is away', () => {
  it('can not be reached, and is there again on the same port', async () => {
    const { double, client } = await both();
    await client.appendToStream('s', counted(0));
    const away = double.faults.refuseConnections(300);
    expect(await failure(client.appendToStream('s', counted(1)))).toBeInstanceOf(UnavailableError);
    // Asking a new connection for the server's features, the client passes the bare failure of gRPC on.
    expect(await failure(client.appendToStream('s', counted(1)))).toMatchObject({ code: status.UNAVAILABLE });
    await away;
    await client.appendToStream('s', counted(2));
    expect(await written(client)).toEqual([0, 2]);
  });

  it('can go away twice in a row', async () => {
    const { double, client } = await both();
    await Promise.all([double.faults.refuseConnections(20), double.faults.refuseConnections(20)]);
    await client.appendToStream('s', counted(0));
    expect(await written(client)).toEqual([0]);
  });

  it('can be slow', async () => {
    const { double, client } = await both();
    double.faults.delayAnswers(200);
    const slow = client.appendToStream('s', counted(0), { credentials, deadline: 50 });
    expect(await failure(slow)).toBeInstanceOf(DeadlineExceededError);
    double.faults.clear();
    expect(await written(client)).toEqual([0]);
  });
});

/** Reads of a stream and of $all, as the real client sees them. */
import {
  BACKWARDS,
  END,
  FORWARDS,
  jsonEvent,
  START,
  StreamNotFoundError,
  UnknownError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, countedAll, doubles, numbers, numbersOf } from './support.ts';

const { both } = doubles();

describe('a read of a stream', () => {
  it('of one that does not exist fails', async () => {
    const { client } = await both();
    const error = await all(client.readStream('missing')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StreamNotFoundError);
    expect(error).toMatchObject({ streamName: 'missing' });
  });

  it('goes both ways, from a revision inclusive, up to a count', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(...numbers(0, 100)));
    const read = async (options: Parameters<typeof client.readStream>[1]) =>
      numbersOf(await all(client.readStream('s', options)));
    expect(await read({})).toEqual(numbers(0, 100));
    expect(await read({ fromRevision: 40n, maxCount: 3 })).toEqual([40, 41, 42]);
    expect(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 40 })).toEqual(
      numbers(60, 40).reverse(),
    );
    expect(await read({ direction: BACKWARDS, fromRevision: 2n })).toEqual([2, 1, 0]);
    expect(await read({ fromRevision: 100n })).toEqual([]);
    expect(await read({ direction: BACKWARDS, fromRevision: 500n, maxCount: 1 })).toEqual([99]);
  });

  it('gives back what was written, byte for byte', async () => {
    const { client } = await both();
    const metadata = new Uint8Array([1, 2, 250]);
    const given = jsonEvent({ type: 'Ünïcode', data: { text: 'ü€𝄞' }, metadata });
    await client.appendToStream('straße', given);
    const [read] = await all(client.readStream('straße'));
    expect(read?.event).toMatchObject({ id: given.id, type: 'Ünïcode', data: { text: 'ü€𝄞' }, isJson: true });
    expect(Buffer.from(read?.event?.metadata as Uint8Array)).toEqual(Buffer.from(metadata));
    expect(read?.event?.streamId).toBe('straße');
  });

  it('carries the position of its events, or none when so told', async () => {
    const { client } = await both();
    await client.appendToStream('s', countedAll(0));
    const [known] = await all(client.readStream('s'));
    expect(known?.commitPosition).toBe(known?.event?.position?.commit);
    const other = await both({ streamReadsCarryPosition: false });
    await other.client.appendToStream('s', countedAll(0));
    const [unknown] = await all(other.client.readStream('s'));
    expect(unknown?.commitPosition).toBeUndefined();
    expect(unknown?.event?.position?.commit).toBe(2n ** 64n - 1n);
  });
});

describe('a read of $all', () => {
  it('meets events of the server, in order, both ways', async () => {
    const { client } = await both();
    await client.appendToStream('a', countedAll(0, 1));
    await client.appendToStream('b', countedAll(2));
    const forward = await all(client.readAll());
    const backward = await all(client.readAll({ direction: BACKWARDS, fromPosition: END }));
    expect(numbersOf(forward)).toEqual([0, 1, 2]);
    expect(backward).toEqual(forward.toReversed());
    expect(forward.some(({ event }) => event?.type.startsWith('$'))).toBe(true);
  });

  it('starts with the event at its position going forward, and before it going backward', async () => {
    const { client } = await both();
    await client.appendToStream('a', countedAll(...numbers(0, 80)));
    const events = await all(client.readAll());
    const at = events.find(({ event }) => event?.streamId === 'a' && event.revision === 40n)?.event?.position;
    const fromPosition = at ?? START;
    const forward = await all(client.readAll({ direction: FORWARDS, fromPosition, maxCount: 35 }));
    expect(numbersOf(forward)).toEqual(numbers(40, 35));
    const backward = await all(client.readAll({ direction: BACKWARDS, fromPosition, maxCount: 35 }));
    expect(numbersOf(backward)).toEqual(numbers(5, 35).reverse());
  });

  it('fails at a position inside of a record', async () => {
    const { client } = await both();
    await client.appendToStream('a', countedAll(0));
    const last = (await all(client.readAll())).at(-1)?.event?.position ?? { commit: 0n, prepare: 0n };
    const inside = { commit: last.commit + 1n, prepare: last.commit + 1n };
    await expect(all(client.readAll({ fromPosition: inside }))).rejects.toBeInstanceOf(UnknownError);
  });
});

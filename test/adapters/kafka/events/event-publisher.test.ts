/** Events on their topic, through the relay that hands them on. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/adapters/clock/system-clock.ts';
import { createMemoryEventStore } from '../../../../src/adapters/event-store/memory/memory-event-store.ts';
import { createEventPublisher } from '../../../../src/adapters/kafka/events/event-publisher.ts';
import { createEventRelay } from '../../../../src/app/event-relay.ts';
import { type Position, START } from '../../../../src/app/ports.ts';
import { append, event } from '../../../contract/event-store/samples.ts';
import { corner, headersOf, tail } from '../kit.ts';
import { patiently } from '../patiently.ts';

describe('events on Kafka', () => {
  it('come in the order of their stream, all of them, over a restart of the relay', async () => {
    const { connection } = await corner(1);
    const store = createMemoryEventStore();
    const publisher = createEventPublisher(connection);
    let saved: Position = START;
    const checkpoint = {
      load: async () => saved,
      save: async (position: Position) => {
        saved = position;
      },
    };
    const run = async (until: () => Promise<void>): Promise<void> => {
      const log = (): void => undefined;
      const relay = createEventRelay({ store, publisher, checkpoint, clock: systemClock, log });
      const stopping = new AbortController();
      const ended = relay.run(stopping.signal);
      await until();
      stopping.abort();
      await ended;
    };
    const { messages, stop } = await tail(connection, connection.topics.events);
    for (const [revision, stream] of ['fleet', 'access', 'fleet', 'access'].entries())
      await append(store, stream, revision < 2 ? -1 : 0, [event({ n: revision })]);
    await run(() => patiently(() => expect(messages).toHaveLength(4)));
    const set = Buffer.from('not json').toString('base64');
    const letter = { shard: 1, vehicleId: 'V1', channel: 'feedback', code: 'not-json', reason: '…' };
    const rest = { raw: set, report: null, receivedAt: '2027-01-01T00:00:00.000Z' };
    await append(store, 'shard-1', -1, [event({ ...letter, ...rest }, 'ReportSetAside')]);
    // As large as an append may be, and nothing that could be compressed away.
    await append(store, 'fleet', 1, [event({ text: randomBytes(750_000).toString('base64') })]);
    await run(() => patiently(() => expect(messages).toHaveLength(6)));
    const streams = Map.groupBy(messages, ({ key }) => key?.toString() ?? '');
    expect([...streams.keys()].toSorted()).toEqual(['access', 'fleet', 'shard-1']);
    const revisions = (stream: string): unknown[] =>
      (streams.get(stream) ?? []).map(
        ({ value }) => (JSON.parse(value?.toString() ?? '') as { revision: number }).revision,
      );
    expect([revisions('access'), revisions('fleet')]).toEqual([
      [0, 1],
      [0, 1, 2],
    ]);
    const letters = await tail(connection, connection.topics.deadLetter);
    await patiently(() => expect(letters.messages).toHaveLength(1));
    const [dead] = letters.messages;
    expect(dead?.value?.toString()).toBe('not json');
    if (dead !== undefined)
      expect(headersOf(dead)).toMatchObject({ code: 'not-json', source: '/fleetwave/shard-1' });
    await Promise.all([stop(), letters.stop(), publisher.stop()]);
  });
});

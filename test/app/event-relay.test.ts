import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { createEventRelay, type EventRelay, type RelayCheckpoint } from '../../src/app/event-relay.ts';
import type { EventPublisher, EventStore, OutgoingMessage, Position } from '../../src/app/ports.ts';
import { START } from '../../src/app/ports.ts';
import { append, event } from '../contract/event-store/samples.ts';
import { eventually } from '../contract/feedback/feedback-contract.ts';

interface Published {
  readonly channel: string;
  readonly message: OutgoingMessage;
}

function world(): {
  readonly store: EventStore;
  readonly published: Published[];
  readonly checkpoint: RelayCheckpoint & { saved: Position };
  readonly said: string[];
  /** Fails as long as it is set. */
  broken: boolean;
  start(): { readonly relay: EventRelay; stop(): Promise<void> };
} {
  const published: Published[] = [];
  const said: string[] = [];
  const checkpoint = {
    saved: START as Position,
    load: async () => checkpoint.saved,
    save: async (position: Position) => {
      checkpoint.saved = position;
    },
  };
  const here = {
    store: createMemoryEventStore(),
    published,
    checkpoint,
    said,
    broken: false,
    start() {
      const publisher: EventPublisher = {
        async publish(channel, messages) {
          if (here.broken) throw new Error('the broker is away');
          published.push(...messages.map((message) => ({ channel, message })));
        },
        stop: async () => undefined,
      };
      const clock = {
        sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 5), signal),
      };
      const log = (level: string, message: string): void => void said.push(`${level} ${message}`);
      const relay = createEventRelay({ store: here.store, publisher, checkpoint, clock, log });
      const stopping = new AbortController();
      const ended = relay.run(stopping.signal);
      return {
        relay,
        stop: async () => {
          stopping.abort();
          await ended;
        },
      };
    },
  };
  return here;
}

const bodies = (published: readonly Published[]): { data: unknown; [attribute: string]: unknown }[] =>
  published.map(({ message }) => JSON.parse(Buffer.from(message.body).toString()));
const numbers = (published: readonly Published[]): unknown[] =>
  bodies(published).map(({ data }) => (data as { n: unknown }).n);

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stopping.splice(0).map((stop) => stop()));
});
function started(here: ReturnType<typeof world>): ReturnType<ReturnType<typeof world>['start']> {
  const running = here.start();
  stopping.push(running.stop);
  return running;
}

describe('handing events on', () => {
  it('makes each a CloudEvent under its own id, keyed by its stream', async () => {
    const here = world();
    const happened = event({ n: 1 }, 'CampaignStarted', 2);
    await append(here.store, 'campaign-winter', -1, [happened]);
    started(here);
    await eventually(() => expect(here.published).toHaveLength(1));
    const [{ channel, message } = { channel: '', message: null }] = here.published;
    expect(channel).toBe('events');
    expect(message?.key).toBe('campaign-winter');
    expect(message?.headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=UTF-8' });
    expect(bodies(here.published)[0]).toMatchObject({
      specversion: '1.0',
      id: happened.id,
      source: '/fleetwave/campaign-winter',
      type: 'com.fleetwave.CampaignStarted.v2',
      subject: 'campaign-winter',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      datacontenttype: 'application/json',
      revision: 0,
      data: { n: 1 },
    });
    const names = Object.keys(bodies(here.published)[0] ?? {});
    expect(names.filter((name) => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
  });

  it('also puts what a vehicle said and could not be used into the dead letters, as it came', async () => {
    const here = world();
    const setAside = {
      shard: 3,
      vehicleId: 'V7',
      channel: 'feedback',
      code: 'not-json',
      reason: 'Unexpected token',
      raw: Buffer.from([0xff, 0x01]).toString('base64'),
      report: null,
      receivedAt: '2027-01-01T00:00:00.000Z',
    };
    const happened = event(setAside, 'ReportSetAside');
    await append(here.store, 'shard-3', -1, [happened]);
    started(here);
    await eventually(() => expect(here.published).toHaveLength(2));
    const letter = here.published[1];
    expect(letter).toMatchObject({
      channel: 'dead-letter',
      message: {
        key: 'V7',
        headers: {
          code: 'not-json',
          reason: 'Unexpected token',
          channel: 'feedback',
          source: '/fleetwave/shard-3',
          receivedAt: '2027-01-01T00:00:00.000Z',
          eventId: happened.id,
        },
      },
    });
    expect([...(letter?.message.body ?? [])]).toEqual([0xff, 0x01]);
  });

  it('goes on from where it was, over a stop', async () => {
    const here = world();
    await append(here.store, 'fleet', -1, [event({ n: 1 }), event({ n: 2 })]);
    const first = started(here);
    await eventually(() => expect(here.published).toHaveLength(2));
    await first.stop();
    await append(here.store, 'fleet', 1, [event({ n: 3 })]);
    started(here);
    await eventually(() => expect(numbers(here.published)).toEqual([1, 2, 3]));
  });

  it('hands on again what was not known to be safe, and skips nothing', async () => {
    const here = world();
    here.broken = true;
    await append(here.store, 'fleet', -1, [event({ n: 1 }), event({ n: 2 })]);
    const { relay } = started(here);
    await eventually(() => expect(relay.stats()['relayFailures']).toBeGreaterThan(1));
    expect(here.checkpoint.saved).toBe(START);
    here.broken = false;
    await append(here.store, 'fleet', 1, [event({ n: 3 })]);
    await eventually(() => expect(numbers(here.published)).toEqual([1, 2, 3]));
    await eventually(() => expect(here.checkpoint.saved > START).toBe(true));
  });

  it('begins again when the log was restored to before its checkpoint', async () => {
    const here = world();
    await append(here.store, 'fleet', -1, [event({ n: 1 })]);
    here.checkpoint.saved = '~' as Position;
    started(here);
    await eventually(() => expect(numbers(here.published)).toEqual([1]));
    expect(here.said).toContainEqual(expect.stringContaining('restored'));
  });

  it('begins again when the log was moved to an engine whose positions are longer', async () => {
    const here = world();
    await append(here.store, 'fleet', -1, [event({ n: 1 })]);
    // Before every position of the new log, as text.
    here.checkpoint.saved = '0' as Position;
    started(here);
    await eventually(() => expect(here.said).toContainEqual(expect.stringContaining('moved')));
    await eventually(() => expect(numbers(here.published)).toEqual([1]));
  });

  it('stops at once while the broker keeps it waiting', async () => {
    const here = world();
    await append(here.store, 'fleet', -1, [event({ n: 1 })]);
    const publisher: EventPublisher = {
      publish: () => new Promise(() => undefined),
      stop: async () => undefined,
    };
    const relay = createEventRelay({
      store: here.store,
      publisher,
      checkpoint: here.checkpoint,
      clock: systemClock,
      log: () => undefined,
    });
    const stop = new AbortController();
    const ended = relay.run(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    await ended;
    expect(here.checkpoint.saved).toBe(START);
  });
});

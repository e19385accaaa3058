/**
 * Many logs on one server, for servers that can't be started anew for every test: each log has its own prefix of
 * stream names and begins where the server's log ended. Nobody else may write to the server meanwhile.
 */
import { randomBytes } from 'node:crypto';
import {
  type EventBatch,
  type EventStore,
  type Position,
  START,
  type VerifyProgress,
} from '../../../src/app/ports.ts';
import type { EventStoreFactory } from './subject.ts';

export function onSharedServer(connect: () => Promise<EventStore>): EventStoreFactory {
  return async () => {
    const first = await connect();
    const log = {
      prefix: `t${randomBytes(4).toString('hex')}-`,
      start: await first.head(),
      names: new Set<string>(),
    };
    await first.close();
    return {
      durable: true,
      open: async () => new PartOfServer(await connect(), log),
      storedName: (stream) => log.prefix + stream,
      dispose: async () => {},
    };
  };
}

interface Log {
  readonly prefix: string;
  /** Where the server's log ended when this one began. */
  readonly start: Position;
  /** Streams of it, as their names are stored. */
  readonly names: Set<string>;
}

class PartOfServer implements EventStore {
  readonly #store: EventStore;
  readonly #log: Log;

  constructor(store: EventStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  append: EventStore['append'] = async (requests) => {
    const named = requests.map((request) => ({
      ...request,
      stream: request.stream && this.#stored(request.stream),
    }));
    for (const { stream } of named) this.#log.names.add(stream);
    return await this.#store.append(named);
  };

  readStream: EventStore['readStream'] = (stream, options) => {
    const batches = this.#store.readStream(this.#stored(stream), options);
    return mapped(batches, (events) => events.map((event) => this.#own(event)));
  };

  readStreams: EventStore['readStreams'] = async (streams) =>
    (await this.#store.readStreams(streams.map((stream) => this.#stored(stream)))).map((events) =>
      events.map((event) => this.#own(event)),
    );

  readAll: EventStore['readAll'] = ({ after, until, prefixes, ...rest } = {}) => {
    const bound = until === undefined ? {} : { until: this.#place(until) };
    const options = { ...rest, ...bound, after: this.#place(after), prefixes: this.#prefixes(prefixes) };
    return mapped(this.#store.readAll(options), (batch) => this.#batch(batch));
  };

  appends: EventStore['appends'] = (after) =>
    mapped(this.#store.appends(this.#place(after)), (appends) =>
      appends.filter(({ stream }) => stream.startsWith(this.#log.prefix)).map((append) => this.#own(append)),
    );

  streamAppends: EventStore['streamAppends'] = (stream, from, until) =>
    mapped(this.#store.streamAppends(this.#stored(stream), from, until), (appends) =>
      appends.map((append) => this.#own(append)),
    );

  subscribe: EventStore['subscribe'] = ({ after, prefixes, onBatch, ...rest }) =>
    this.#store.subscribe({
      ...rest,
      after: this.#place(after),
      prefixes: this.#prefixes(prefixes),
      onBatch: (batch) => onBatch({ ...this.#batch(batch), live: batch.live }),
    });

  head: EventStore['head'] = async () => this.#position(await this.#store.head());

  verify: EventStore['verify'] = (stream) =>
    stream === undefined ? this.#verifyAll() : this.#store.verify(this.#stored(stream));

  close: EventStore['close'] = () => this.#store.close();

  async *#verifyAll(): AsyncGenerator<VerifyProgress> {
    let [appends, streams] = [0, 0];
    const problems: VerifyProgress['problems'][number][] = [];
    for (const name of this.#log.names) {
      let last: VerifyProgress | null = null;
      for await (const progress of this.#store.verify(name)) last = progress;
      appends += last?.appends ?? 0;
      streams += last?.streams ?? 0;
      problems.push(...(last?.problems ?? []));
    }
    yield { appends, streams, problems };
  }

  #stored(stream: string): string {
    return this.#log.prefix + stream;
  }

  #own<Value extends { readonly stream: string }>(value: Value): Value {
    return { ...value, stream: value.stream.slice(this.#log.prefix.length) };
  }

  #batch({ events, position }: EventBatch): EventBatch {
    return { events: events.map((event) => this.#own(event)), position: this.#position(position) };
  }

  #place(position: Position = START): Position {
    return position === START ? this.#log.start : position;
  }

  #position(position: Position): Position {
    return position <= this.#log.start ? START : position;
  }

  #prefixes(prefixes: readonly string[] = ['']): readonly string[] {
    return prefixes.map((prefix) => this.#stored(prefix));
  }
}

async function* mapped<From, To>(values: AsyncIterable<From>, map: (value: From) => To): AsyncGenerator<To> {
  for await (const value of values) yield map(value);
}

/** A double and real clients of it, for one test file. */
import { EventStoreDBClient, type JSONEventType, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import { afterEach } from 'vitest';
import { type DoubleOptions, type EventStoreDouble, startEventStoreDouble } from './double.ts';

export type Counted = JSONEventType<'Counted', { n: number }>;

export const counted = (n: number) => jsonEvent<Counted>({ type: 'Counted', data: { n } });

/** Events that carry these numbers, in this order. */
export const countedAll = (...numbers: number[]) => numbers.map(counted);

export const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** The numbers that events of ours carry; of others nothing. */
export const numbersOf = (read: readonly ResolvedEvent[]): number[] =>
  read.flatMap(({ event }) => (event?.type === 'Counted' ? [(event.data as Counted['data']).n] : []));

/** Reads to the end. @throws what the read throws. */
export async function all<T>(reading: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of reading) read.push(item);
  return read;
}

/** Starts doubles and clients that end with the test. */
export function doubles() {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const connect = (url: string): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(url);
    closing.push(() => client.dispose());
    return client;
  };
  const start = async (options: DoubleOptions = {}): Promise<EventStoreDouble> => {
    const double = await startEventStoreDouble(options);
    closing.push(() => double.stop());
    return double;
  };
  const both = async (options: DoubleOptions = {}) => {
    const double = await start(options);
    return { double, client: connect(double.url) };
  };
  return { start, connect, both };
}

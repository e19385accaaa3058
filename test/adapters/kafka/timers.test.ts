import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import '../../../src/adapters/kafka/timers.ts';

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  checkPendingRequests(): void;
  destroy(): void;
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: {
  readonly maxInFlightRequests: number;
  readonly logger: { debug(): void };
}) => RequestQueue;

describe('timers of the Kafka client', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['nothing waits and nothing was ever throttled', [], -1, 0],
    ['something waits', [{}], -1, 1],
    ['it is throttled', [], Date.now() + 60_000, 1],
  ])(
    'when %s, they are as many as are needed, and due in the future',
    (_, pending, throttledUntil, count) => {
      const queue = new RequestQueue({ maxInFlightRequests: 0, logger: { debug: () => undefined } });
      Object.assign(queue, { pending, throttledUntil });
      const made = vi.spyOn(globalThis, 'setTimeout');
      queue.checkPendingRequests();
      queue.destroy();
      expect(made.mock.calls.map(([, ms]) => (ms ?? 0) > 0)).toEqual(Array(count).fill(true));
    },
  );
});

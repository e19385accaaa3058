import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, type Log, ReadModelUnavailableError } from '../../src/app/ports.ts';
import { createReadModelFollower, type ReadModelFollower } from '../../src/app/read-model-follower.ts';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

class HandClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ at: number; wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + ms, wake: () => {} };
      sleeper.wake = () => {
        this.#sleepers.delete(sleeper);
        resolve();
      };
      signal?.addEventListener('abort', sleeper.wake, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** In steps, so that who sleeps again and again wakes as often as with time itself. */
  async advance(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now = Math.min(end, this.#now + 10);
      for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.wake();
      await settle();
    }
  }
}

describe('a follower of read models', () => {
  let clock: HandClock;
  let stored: Record<string, string>;
  let failure: Error | null;
  let asked: number;
  let lines: string[];
  let follower: ReadModelFollower;

  beforeEach(async () => {
    clock = new HandClock();
    stored = { 'a@1': '05', 'b@1': '03' };
    failure = null;
    asked = 0;
    lines = [];
    const log: Log = (level, message) => lines.push(`${level}: ${message}`);
    const reader = {
      checkpoint: async (name: string) => {
        if (name === 'a@1') asked++;
        if (failure !== null) throw failure;
        return stored[name] ?? '';
      },
    };
    follower = createReadModelFollower({ reader, checkpoints: ['a@1', 'b@1'], clock, log });
    await follower.start();
  });
  afterEach(() => follower.stop());

  it('is where the last of them is', async () => {
    expect(follower.position()).toBe('03');
    stored['b@1'] = '09';
    await clock.advance(500);
    expect(follower.position()).toBe('05');
  });

  it('asks twice a second, and twenty times while somebody listens or waits', async () => {
    asked = 0;
    await clock.advance(2000);
    expect(asked).toBe(4);
    const stop = follower.onMoved(() => {});
    await settle();
    asked = 0;
    await clock.advance(500);
    expect(asked).toBe(10);
    stop();
    await clock.advance(50);
    asked = 0;
    await clock.advance(2000);
    expect(asked).toBe(4);
    const waited = follower.waitFor('10', 1000);
    await settle();
    asked = 0;
    await clock.advance(1000);
    expect(asked).toBe(20);
    expect(await waited).toBe(false);
  });

  it('waits until all of them have reached a position', async () => {
    expect(await follower.waitFor('03', 1000)).toBe(true);
    const waited = follower.waitFor('05', 1000);
    await clock.advance(100);
    stored['b@1'] = '07';
    await clock.advance(60);
    expect(await waited).toBe(true);
  });

  it('tells listeners of every move, also back to the beginning, and of nothing else', async () => {
    const seen: string[] = [];
    const stop = follower.onMoved(() => seen.push(follower.position()));
    await clock.advance(200);
    stored['b@1'] = '04';
    await clock.advance(100);
    stored = {};
    await clock.advance(100);
    stop();
    stored = { 'a@1': '08', 'b@1': '08' };
    await clock.advance(1000);
    expect(seen).toEqual(['04', '']);
    expect(follower.position()).toBe('08');
  });

  it('goes on after a listener that throws, and after errors, of which it says one word', async () => {
    const listener = vi.fn();
    follower.onMoved(() => {
      throw new Error('mine');
    });
    follower.onMoved(listener);
    stored['b@1'] = '04';
    await clock.advance(100);
    expect(listener).toHaveBeenCalledTimes(1);
    failure = new Error('broken');
    await clock.advance(1000);
    failure = null;
    stored['b@1'] = '05';
    await clock.advance(100);
    expect(listener).toHaveBeenCalledTimes(2);
    expect(lines).toEqual([
      'error: a listener for read models has failed',
      "error: the read models can't be followed; it is tried again",
      'info: the read models can be followed again',
      'error: a listener for read models has failed',
    ]);
  });

  it('leaves it to the connection to say that the store is away', async () => {
    failure = new ReadModelUnavailableError('away');
    await clock.advance(1000);
    expect(follower.position()).toBe('03');
    failure = null;
    stored['b@1'] = '05';
    await clock.advance(500);
    expect(follower.position()).toBe('05');
    expect(lines).toEqual([]);
  });

  it('gives up for those who wait when it is stopped', async () => {
    const waited = follower.waitFor('99', 60_000);
    await settle();
    await follower.stop();
    expect(await waited).toBe(false);
    expect(await follower.waitFor('99', 60_000)).toBe(false);
    asked = 0;
    await clock.advance(2000);
    expect(asked).toBe(0);
  });
});

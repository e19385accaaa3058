import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { type RunningAccess, startAccess } from '../../../src/app/access/access-service.ts';
import { RefusalLog } from '../../../src/app/access/refusal-log.ts';
import type { Runtime } from '../../../src/app/handle-command.ts';
import type { EventStore, RecordedEvent, SubscribeOptions } from '../../../src/app/ports.ts';

let store: EventStore;
let now: number;
let runtime: Runtime;
const running: RunningAccess[] = [];
beforeEach(() => {
  store = createMemoryEventStore();
  now = Date.UTC(2026, 0, 1);
  runtime = {
    store,
    now: () => now,
    newId: randomUUID,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  };
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((access) => access.stop()));
  await store.close();
});

const fail = (error: unknown) => {
  throw error;
};
const start = async () => {
  const access = await startAccess(runtime, fail);
  running.push(access);
  return access;
};
const envelope = { actor: { kind: 'person', id: 'root' }, source: 'test' } as const;

describe('the access service', () => {
  it('records no first admin whose key could not be kept', async () => {
    const access = await start();
    const full = async () => {
      throw new Error('disk full');
    };
    await expect(access.ensureFirstAdmin('admin', full)).rejects.toThrow('disk full');
    expect(access.list()).toEqual([]);
  });

  it('makes the first admin once, and knows its keys again after a restart', async () => {
    const first = await start();
    const kept: string[] = [];
    const keep = async (made: string) => void kept.push(made);
    const key = await first.ensureFirstAdmin('admin', keep);
    expect(kept).toEqual([key]);
    expect(key).toMatch(/^fwk_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    expect(await first.ensureFirstAdmin('admin', keep)).toBeNull();
    const second = await start();
    expect(await second.ensureFirstAdmin('admin', keep)).toBeNull();
    expect(second.authenticate(key ?? '')).toMatchObject({
      ok: true,
      principal: { person: 'admin', roles: ['admin'] },
    });
  });

  it('says when it can not follow its stream any more, and then keeps nobody waiting for it', async () => {
    let broken = false;
    const followed = store;
    runtime = {
      ...runtime,
      store: new Proxy(followed, {
        get: (target, name) =>
          name !== 'subscribe'
            ? Reflect.get(target, name).bind(target)
            : (options: SubscribeOptions) =>
                target.subscribe({
                  ...options,
                  onBatch: async (batch) => {
                    if (broken) throw new Error('can not be read');
                    await options.onBatch(batch);
                  },
                }),
      }),
    };
    const errors: unknown[] = [];
    const access = await startAccess(runtime, (error) => errors.push(error));
    running.push(access);
    const { keyId } = await access.addKey('ada', ['developer'], envelope);
    broken = true;
    await expect(access.revokeKey(keyId, 'left', envelope)).rejects.toThrow('can not be read');
    expect(errors).toMatchObject([{ name: 'AccessLostError' }]);
    await expect(access.addKey('bob', ['developer'], envelope)).rejects.toThrow('can not be read');
  });

  it('learns of keys that another process makes and revokes', async () => {
    const [here, there] = [await start(), await start()];
    const { key, keyId } = await there.addKey('ada', ['developer'], envelope);
    await expect.poll(() => here.authenticate(key).ok).toBe(true);
    await here.revokeKey(keyId, 'left', envelope);
    expect(here.authenticate(key)).toEqual({ ok: false, why: 'revoked-key', keyId, person: 'ada' });
    await expect.poll(() => there.authenticate(key).ok).toBe(false);
  });

  it('names the same key for a repeated command, and stores no second one', async () => {
    const access = await start();
    const repeated = { ...envelope, command: { id: 'root:k1', digest: 'd' } };
    const first = await access.addKey('ada', ['developer'], repeated);
    const second = await access.addKey('ada', ['developer'], repeated);
    expect(second.keyId).toBe(first.keyId);
    expect(second.outcome).toMatchObject({ ok: true, events: [] });
    expect(access.authenticate(second.key).ok).toBe(false);
    expect(access.authenticate(first.key).ok).toBe(true);
  });

  it.each(['', 'fwk_', 'fwk_abcd_short', 'Bearer x', 'fwk_ABCD_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'])(
    'refuses %j as unknown',
    async (key) => {
      expect((await start()).authenticate(key)).toMatchObject({ ok: false, why: 'unknown-key' });
    },
  );
});

const refusal = (path: string) =>
  ({ keyId: 'abcd', person: null, method: 'GET', path, why: 'unknown-key' }) as const;
const recorded = async (): Promise<readonly RecordedEvent[]> =>
  (await store.readStreams(['access']))[0] ?? [];

describe('the log of refusals', () => {
  it('records one of a kind in a minute, a burst, and then so many a minute', async () => {
    const log = new RefusalLog(runtime, () => -1, fail, { burst: 3, perMinute: 2 });
    for (let n = 0; n < 5; n++) log.record(refusal('/same'));
    for (let n = 0; n < 5; n++) log.record(refusal(`/other/${n}`));
    await log.flush();
    expect((await recorded()).map(({ data }) => (data as { path: string }).path)).toEqual([
      '/same',
      '/other/0',
      '/other/1',
    ]);
    expect(log.leftOut).toBe(7);
    now += 60_000;
    for (let n = 0; n < 5; n++) log.record(refusal(`/later/${n}`));
    log.record(refusal('/same'));
    await log.flush();
    expect(await recorded()).toHaveLength(5);
  });

  it('finds its place beside other writers of the stream', async () => {
    const access = await start();
    const log = new RefusalLog(runtime, () => -1, fail);
    await Promise.all([
      access.addKey('ada', ['developer'], envelope),
      access.addKey('bob', ['developer'], envelope),
    ]);
    log.record(refusal('/x'));
    await log.flush();
    expect((await recorded()).map(({ type }) => type)).toEqual([
      'ApiKeyAdded',
      'ApiKeyAdded',
      'AccessRefused',
    ]);
  });
});

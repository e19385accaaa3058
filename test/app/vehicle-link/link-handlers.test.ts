import { describe, expect, it } from 'vitest';
import type { FeedbackRecord } from '../../../src/app/ports/feedback.ts';
import { createLinkHandlers } from '../../../src/app/vehicle-link/link-handlers.ts';
import { ACTIVE_MS, createPresenceTable } from '../../../src/app/vehicle-link/presence-table.ts';
import { shardOf } from '../../../src/domain/shared/shard.ts';
import { MAX_MESSAGE_BYTES } from '../../../src/protocol/topics.ts';

describe('the presence table', () => {
  it('knows who is connected, and who was heard of within 15 minutes', () => {
    const table = createPresenceTable();
    table.presence('V1', true, 0);
    table.presence('V2', true, 0);
    table.presence('V2', false, 1000);
    table.heard('V3', 2000);
    expect([table.isOnline('V1'), table.isOnline('V2'), table.onlineCount()]).toEqual([true, false, 1]);
    expect(table.active(1000 + ACTIVE_MS)).toEqual(['V1', 'V2', 'V3']);
    expect(table.active(1001 + ACTIVE_MS)).toEqual(['V1', 'V3']);
    expect(table.active(10 * ACTIVE_MS)).toEqual(['V1']);
  });
});

describe('the handlers of the vehicle link', () => {
  const make = (publish: (records: readonly FeedbackRecord[]) => Promise<void>) => {
    const presence = createPresenceTable();
    const handlers = createLinkHandlers({
      authenticate: async () => true,
      render: async () => null,
      feedback: { publish, arrived: async () => undefined, unheard: () => undefined },
      presence,
    });
    return { handlers, presence };
  };
  const message = { vehicleId: 'V1', channel: 'feedback', payload: Buffer.from('x'), receivedAt: 7 } as const;

  it('hand a message to its shard at once, and wait until it is safe', async () => {
    const published: FeedbackRecord[] = [];
    let release = (): void => undefined;
    const { handlers, presence } = make((records) => {
      published.push(...records);
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    let done = false;
    const delivered = handlers.deliver(message).then(() => {
      done = true;
    });
    expect(published).toEqual([{ ...message, shard: shardOf('V1') }]);
    await Promise.resolve();
    expect(done).toBe(false);
    release();
    await delivered;
    expect(presence.active(7)).toEqual(['V1']);
  });

  it('pass a failure on', async () => {
    const { handlers } = make(async () => {
      throw new Error('not recorded');
    });
    await expect(handlers.deliver(message)).rejects.toThrow('not recorded');
  });

  it('refuse what is too large', async () => {
    const { handlers } = make(async () => undefined);
    const payload = Buffer.alloc(MAX_MESSAGE_BYTES + 1);
    await expect(handlers.deliver({ ...message, payload })).rejects.toThrow(RangeError);
  });
});

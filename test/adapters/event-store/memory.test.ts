import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { append, event, readAll, request } from '../../contract/event-store/samples.ts';

describe('faults of the in-memory event store', () => {
  it('records nothing of an append that is made to fail', async () => {
    let broken = true;
    const store = createMemoryEventStore({
      beforeAppend: () => {
        if (broken) throw new Error('disk full');
      },
    });
    await expect(store.append([request('a-1', -1)])).rejects.toThrow('disk full');
    expect(await readAll(store)).toEqual([]);
    broken = false;
    await append(store, 'a-1', -1);
    expect(await readAll(store)).toHaveLength(1);
  });

  it('loses an answer, so that the caller repeats what was recorded', async () => {
    let lost = true;
    const store = createMemoryEventStore({
      afterAppend: () => {
        if (lost) throw new Error('connection lost');
      },
    });
    const one = request('a-1', -1, [event()]);
    await expect(store.append([one])).rejects.toThrow('connection lost');
    lost = false;
    expect(await store.append([one])).toMatchObject([{ status: 'appended', repeated: true }]);
    expect(await readAll(store)).toHaveLength(1);
  });
});

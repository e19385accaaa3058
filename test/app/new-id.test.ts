import { validate, version } from 'uuid';
import { describe, expect, it } from 'vitest';
import { createIdSource } from '../../src/app/new-id.ts';

describe('ids', () => {
  it('are UUIDs of version 7, each another, also past the end of the pool', () => {
    const newId = createIdSource(Date.now);
    const ids = Array.from({ length: 5000 }, newId);
    expect(new Set(ids).size).toBe(5000);
    for (const id of ids) expect([validate(id), version(id)]).toEqual([true, 7]);
  });

  it('begin with the time', () => {
    let now = Date.UTC(2027, 0, 1);
    const newId = createIdSource(() => now);
    const first = newId();
    expect(Number.parseInt(first.slice(0, 13).replace('-', ''), 16)).toBe(now);
    now += 1;
    expect(newId() > first).toBe(true);
  });
});

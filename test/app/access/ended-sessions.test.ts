/** Signed-out sessions are known as long as they matter, however many there ever were. */
import { expect, it } from 'vitest';
import { EndedSessions } from '../../../src/app/access/ended-sessions.ts';

const HOUR_MS = 3_600_000;
const instant = (hours: number): string => new Date(Date.UTC(2027, 0, 1) + hours * HOUR_MS).toISOString();

it('knows every session that could come back, and forgets the others', () => {
  const ended = new EndedSessions();
  const week = 7 * 24;
  for (let hour = 0; hour < 20_000; hour++) {
    ended.add({ sessionId: `s${hour}`, at: instant(hour), until: instant(hour + week) });
    expect(ended.has(`s${Math.max(0, hour - week + 1)}`)).toBe(true);
    expect(ended.size).toBeLessThanOrEqual(1000);
  }
  expect(ended.has('s0')).toBe(false);
  expect(ended.has('s20000')).toBe(false);
});

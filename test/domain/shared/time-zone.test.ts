import { describe, expect, it } from 'vitest';
import { isTimeZone } from '../../../src/domain/shared/time-zone.ts';

describe('time zones', () => {
  it.each(['Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Asia/Calcutta', 'UTC'])(
    '%s',
    (name) => {
      expect(isTimeZone(name)).toBe(true);
      expect(isTimeZone(name)).toBe(true);
    },
  );

  it.each(['Europe/Atlantis', 'europe/berlin', '+01:00', '', 'CEST+1', '../Berlin'])('not %j', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});

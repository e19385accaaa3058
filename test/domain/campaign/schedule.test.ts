import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import type { OffPeakWindow } from '../../../src/domain/campaign/policy.ts';
import { windowAt } from '../../../src/domain/campaign/schedule.ts';

const DAILY = [1, 2, 3, 4, 5, 6, 7];
const w = (from: string, to: string, days: number[] = DAILY): OffPeakWindow => ({ from, to, days });
const at = (window: OffPeakWindow, zone: string, now: string) => {
  const { inside, opens, closes } = windowAt(window, zone, now);
  return [inside, opens, closes];
};

describe('an off-peak window', () => {
  it.each([
    [
      'before it',
      w('01:00', '05:00'),
      'Europe/Berlin',
      '2027-01-14T23:00:00.000Z',
      false,
      '2027-01-15T00:00:00.000Z',
      '2027-01-15T04:00:00.000Z',
    ],
    [
      'at its opening',
      w('01:00', '05:00'),
      'Europe/Berlin',
      '2027-01-15T00:00:00.000Z',
      true,
      '2027-01-15T00:00:00.000Z',
      '2027-01-15T04:00:00.000Z',
    ],
    [
      'at its close: the next one',
      w('01:00', '05:00'),
      'Europe/Berlin',
      '2027-01-15T04:00:00.000Z',
      false,
      '2027-01-16T00:00:00.000Z',
      '2027-01-16T04:00:00.000Z',
    ],
    [
      'over midnight, in the evening',
      w('22:00', '05:00'),
      'America/New_York',
      '2027-01-15T04:30:00.000Z',
      true,
      '2027-01-15T03:00:00.000Z',
      '2027-01-15T10:00:00.000Z',
    ],
    [
      'over midnight, in the morning',
      w('22:00', '05:00'),
      'America/New_York',
      '2027-01-15T09:30:00.000Z',
      true,
      '2027-01-15T03:00:00.000Z',
      '2027-01-15T10:00:00.000Z',
    ],
    [
      'only on the day it opens',
      w('22:00', '05:00', [5]),
      'Europe/Berlin',
      '2027-01-16T03:00:00.000Z',
      true,
      '2027-01-15T21:00:00.000Z',
      '2027-01-16T04:00:00.000Z',
    ],
    [
      'not on the day after',
      w('22:00', '05:00', [5]),
      'Europe/Berlin',
      '2027-01-16T22:00:00.000Z',
      false,
      '2027-01-22T21:00:00.000Z',
      '2027-01-23T04:00:00.000Z',
    ],
    [
      'a whole day',
      w('06:00', '06:00', [1]),
      'Europe/Berlin',
      '2027-01-18T23:00:00.000Z',
      true,
      '2027-01-18T05:00:00.000Z',
      '2027-01-19T05:00:00.000Z',
    ],
    [
      'a zone with 30 minutes',
      w('01:00', '02:00'),
      'Asia/Kolkata',
      '2027-01-15T19:00:00.000Z',
      false,
      '2027-01-15T19:30:00.000Z',
      '2027-01-15T20:30:00.000Z',
    ],
  ] as const)('%s', (_, window, zone, now, inside, opens, closes) => {
    expect(at(window, zone, now)).toEqual([inside, opens, closes]);
  });

  it.each([
    [
      'Berlin, spring: four local hours are three',
      w('01:00', '05:00'),
      'Europe/Berlin',
      '2027-03-27T23:00:00.000Z',
      '2027-03-28T00:00:00.000Z',
      '2027-03-28T03:00:00.000Z',
    ],
    [
      'Berlin, autumn: four local hours are five',
      w('01:00', '05:00'),
      'Europe/Berlin',
      '2027-10-30T22:00:00.000Z',
      '2027-10-30T23:00:00.000Z',
      '2027-10-31T04:00:00.000Z',
    ],
    [
      'Berlin, opens at a time that does not exist',
      w('02:30', '05:00'),
      'Europe/Berlin',
      '2027-03-28T00:00:00.000Z',
      '2027-03-28T01:30:00.000Z',
      '2027-03-28T03:00:00.000Z',
    ],
    [
      'Berlin, closes at a time that does not exist',
      w('01:00', '02:30'),
      'Europe/Berlin',
      '2027-03-27T23:00:00.000Z',
      '2027-03-28T00:00:00.000Z',
      '2027-03-28T01:30:00.000Z',
    ],
    [
      'Berlin, would close before it opens: from the end of the gap',
      w('02:30', '03:15'),
      'Europe/Berlin',
      '2027-03-28T00:00:00.000Z',
      '2027-03-28T01:00:00.000Z',
      '2027-03-28T01:15:00.000Z',
    ],
    [
      'Berlin, empty that day: the next day',
      w('02:30', '03:00'),
      'Europe/Berlin',
      '2027-03-28T00:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
      '2027-03-29T01:00:00.000Z',
    ],
    [
      'Berlin, times that exist twice: the first',
      w('02:15', '02:45'),
      'Europe/Berlin',
      '2027-10-30T23:00:00.000Z',
      '2027-10-31T00:15:00.000Z',
      '2027-10-31T00:45:00.000Z',
    ],
    [
      'New York, spring, over midnight',
      w('22:00', '04:00'),
      'America/New_York',
      '2027-03-14T02:00:00.000Z',
      '2027-03-14T03:00:00.000Z',
      '2027-03-14T08:00:00.000Z',
    ],
    [
      'New York, autumn, over midnight',
      w('22:00', '04:00'),
      'America/New_York',
      '2027-11-07T01:00:00.000Z',
      '2027-11-07T02:00:00.000Z',
      '2027-11-07T09:00:00.000Z',
    ],
    [
      'Lord Howe, spring: half an hour less',
      w('01:00', '04:00'),
      'Australia/Lord_Howe',
      '2026-10-03T14:00:00.000Z',
      '2026-10-03T14:30:00.000Z',
      '2026-10-03T17:00:00.000Z',
    ],
    [
      'Lord Howe, autumn: half an hour more',
      w('01:00', '04:00'),
      'Australia/Lord_Howe',
      '2027-04-03T13:00:00.000Z',
      '2027-04-03T14:00:00.000Z',
      '2027-04-03T17:30:00.000Z',
    ],
  ] as const)('%s', (_, window, zone, now, opens, closes) => {
    expect(at(window, zone, now)).toEqual([false, opens, closes]);
  });

  it('refuses a time zone that is not known', () => {
    expect(() => windowAt(w('01:00', '02:00'), 'Europe/Atlantis', '2027-01-01T00:00:00.000Z')).toThrow(
      RangeError,
    );
  });

  const zones = fc.constantFrom(
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Santiago',
    'Asia/Kolkata',
    'UTC',
  );
  const time = fc
    .tuple(fc.nat(23), fc.nat(59))
    .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
  const windows = fc.record({
    from: time,
    to: time,
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
  });
  const instants = fc
    .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) })
    .map((ms) => new Date(ms).toISOString());

  it('is never over, contains now when it says so, and opens on one of its days', () => {
    fc.assert(
      fc.property(windows, zones, instants, (window, zone, now) => {
        const { inside, opens, closes } = windowAt(window, zone, now);
        expect(closes > now && opens < closes).toBe(true);
        expect(inside).toBe(opens <= now);
        const local = Temporal.Instant.from(opens).toZonedDateTimeISO(zone);
        expect(window.days).toContain(local.dayOfWeek);
        expect(Date.parse(closes) - Date.parse(opens)).toBeLessThanOrEqual(25.5 * 3_600_000);
      }),
      { numRuns: 300 },
    );
  });
  it('gives the same from its cache, whichever way time goes', () => {
    fc.assert(
      fc.property(
        windows,
        zones,
        fc.array(instants, { minLength: 2, maxLength: 6 }),
        (window, zone, times) => {
          for (const now of times)
            expect(windowAt(window, zone, now)).toEqual(windowAt({ ...window }, zone, now));
        },
      ),
      { numRuns: 100 },
    );
  });
  it('has no gap between an opening and the one that follows', () => {
    fc.assert(
      fc.property(windows, zones, instants, (window, zone, now) => {
        const first = windowAt(window, zone, now);
        const next = windowAt(window, zone, first.closes);
        expect(next.opens >= first.closes || next.inside).toBe(true);
        const between = new Date((Date.parse(first.closes) + Date.parse(next.opens)) / 2).toISOString();
        if (between > first.closes && between < next.opens)
          expect(windowAt({ ...window }, zone, between)).toEqual({ ...next, inside: false });
      }),
      { numRuns: 100 },
    );
  });
});

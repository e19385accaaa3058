/** How the page reads lists, takes tables away and hears keys. */
import { describe, expect, it } from 'vitest';
import { toTsv } from '../../web/src/lib/csv.ts';
import { eventName } from '../../web/src/lib/format.ts';
import { readAll } from '../../web/src/lib/paging.ts';
import { actionOf, GO } from '../../web/src/shell/keys.ts';

/** Numbers up to `total`, a thousand a page, and how often a page was asked for. */
function listOf(total: number) {
  const asked: (string | null)[] = [];
  const pageAt = async (cursor: string | null) => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const to = Math.min(total, from + 1000);
    const items = Array.from({ length: to - from }, (_, i) => from + i);
    return { items, next: to < total ? String(to) : null };
  };
  return { asked, pageAt };
}

describe('a list that is longer than a page', () => {
  it('is read to its end, each item once', async () => {
    const { asked, pageAt } = listOf(2500);
    expect(await readAll(pageAt)).toEqual({ items: [...Array(2500).keys()], next: null });
    expect(asked).toEqual([null, '1000', '2000']);
    expect(await readAll(listOf(0).pageAt)).toEqual({ items: [], next: null });
  });

  it('says where it goes on when it is longer than anybody reads', async () => {
    const { items, next } = await readAll(listOf(1_000_000).pageAt);
    expect(items.length).toBeLessThan(1_000_000);
    expect(next).toBe(String(items.length));
  });
});

describe('keys', () => {
  it('go to a page after g, and only then', () => {
    expect(actionOf('g', false)).toEqual({ kind: 'begun' });
    for (const [key, { to }] of Object.entries(GO)) {
      expect(actionOf(key, true)).toEqual({ kind: 'go', to });
      expect(actionOf(key, false)).toEqual({ kind: 'none' });
    }
    expect(actionOf('x', true)).toEqual({ kind: 'none' });
    expect(actionOf('g', true)).toEqual({ kind: 'begun' });
  });

  it('search and help work at once, and after a g that led nowhere', () => {
    for (const begun of [false, true]) {
      expect(actionOf('/', begun)).toEqual({ kind: 'search' });
      expect(actionOf('?', begun)).toEqual({ kind: 'help' });
    }
  });
});

describe('a table that is copied', () => {
  it('has as many cells as it shows, and none that a spreadsheet would run', () => {
    const text = toTsv(
      ['Code', 'Message'],
      [
        ['a\tb', 'first\nsecond'],
        ['=1+1', null],
      ],
    );
    expect(text).toBe("Code\tMessage\na b\tfirst second\n'=1+1\t");
  });
});

it('names events in words, and initials as initials', () => {
  expect(['CampaignPaused', 'TcuEpochOpened', 'EcuReplaced', 'ApiKeyAdded'].map(eventName)).toEqual([
    'Campaign paused',
    'TCU epoch opened',
    'ECU replaced',
    'API key added',
  ]);
});

import type { Page } from './types.ts';

/** How often the server is asked before a list is called too long to be read whole. */
const MOST_PAGES = 10;

/** @returns all items, and where they go on when there are more than anybody reads as one list. */
export async function readAll<T>(pageAt: (cursor: string | null) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = [];
  let next: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page: Page<T> = await pageAt(next);
    items.push(...page.items);
    next = page.next;
    if (next === null) break;
  }
  return { items, next };
}

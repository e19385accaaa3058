/** Parts of the page that are loaded late: a server that is away is waited for, one that has no such part is not. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { whenThere } from '../../web/src/lib/when-there.ts';

const GONE = new TypeError('Failed to fetch dynamically imported module');

/** A server that answers from the n-th question on; proxies answer for one that is away. */
function answersFrom(n: number, before: () => Promise<Response>): void {
  let asked = 0;
  vi.stubGlobal('fetch', () => (++asked >= n ? Promise.resolve(new Response('{}')) : before()));
}

afterEach(() => void vi.unstubAllGlobals());

describe('a part of the page', () => {
  it('is had at once where the server has it', async () => {
    answersFrom(1, () => Promise.reject(new TypeError('refused')));
    expect(await whenThere(async () => 'part', 0)).toBe('part');
  });

  it.each([
    ['does not answer', () => Promise.reject(new TypeError('refused'))],
    ['is behind a proxy that says so', () => Promise.resolve(new Response('', { status: 502 }))],
  ])('is waited for while the server %s', async (_how, before) => {
    answersFrom(4, before);
    let tries = 0;
    const load = async (): Promise<string> => {
      if (++tries < 4) throw GONE;
      return 'part';
    };
    expect(await whenThere(load, 0)).toBe('part');
  });

  it('is given up when the server answers and has none', async () => {
    answersFrom(2, () => Promise.reject(new TypeError('refused')));
    await expect(whenThere(() => Promise.reject(GONE), 0)).rejects.toBe(GONE);
  });
});

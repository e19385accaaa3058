/** The dashboard as it is sent: how much of it there is, and that nothing in it needs another place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildDashboard } from '../e2e/support/browser.ts';

const DIST = join(import.meta.dirname, '../../web/dist');
/** Compressed script on first load, bytes. */
const BUDGET = 250_000;

const IMPORT = /(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g;
const read = (name: string): string => readFileSync(join(DIST, 'assets', name), 'utf8');

/** Scripts that the page needs before it shows anything: its own and what they import at once. */
function firstLoad(): readonly string[] {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const found = new Set([...html.matchAll(/\/assets\/([\w.-]+\.js)/g)].map(([, name = '']) => name));
  for (const name of found) for (const [, imported = ''] of read(name).matchAll(IMPORT)) found.add(imported);
  return [...found];
}

describe('the built dashboard', () => {
  beforeAll(buildDashboard);

  it('sends at most 250 kB of compressed script before it shows something', () => {
    const scripts = firstLoad();
    expect(scripts.length).toBeGreaterThan(0);
    const sent = scripts.reduce((sum, name) => sum + gzipSync(read(name)).length, 0);
    expect(sent).toBeLessThanOrEqual(BUDGET);
  });

  it('has nothing inline and nothing from elsewhere', () => {
    const html = readFileSync(join(DIST, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/<style|style=/);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    const styles = readdirSync(join(DIST, 'assets')).filter((name) => name.endsWith('.css'));
    for (const name of styles) expect(read(name)).not.toMatch(/@import|url\(\s*["']?https?:/);
  });

  it('has each part compressed beside it', () => {
    const names = readdirSync(join(DIST, 'assets'));
    for (const name of names.filter((one) => /\.(js|css)$/.test(one)))
      expect(names).toEqual(expect.arrayContaining([`${name}.br`, `${name}.gz`]));
  });
});

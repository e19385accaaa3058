/** The dashboard in a real Chromium: what it sends, when it shows, how it scrolls, and whether it leaks. */
import type { CDPSession, Page } from 'playwright-core';
import { buildDashboard, launchBrowser } from '../test/e2e/support/browser.ts';
import { defineBenchmark, median } from './benchmark.ts';
import { type Double, startDouble } from './support/dashboard-double.ts';

const LIVE = '/campaigns/huge';
const LOADS = 5;
const SCROLL_S = 5;
/** Pixels a frame: some 700 rows a second, faster than anybody reads. */
const STEP_PX = 400;
/** As often as the server sends them at most, and faster, so that many come in a short time. */
const LIVE_MS = 100;
const FAST_MS = 2;
const MIB = 1024 * 1024;

interface Load {
  readonly script_bytes: number;
  readonly paint_ms: number;
  readonly useful_ms: number;
}

/** From nothing: an empty cache, and the first numbers on the page. */
async function load(page: Page, url: string): Promise<Load> {
  await page.goto('about:blank');
  await page.goto(url + LIVE);
  await page.locator('.figures dd').first().waitFor();
  return page.evaluate(`({
    useful_ms: performance.now(),
    paint_ms: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    script_bytes: performance.getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  })`) as Promise<Load>;
}

/** @returns milliseconds between frames while the table scrolls. */
async function scroll(page: Page, url: string): Promise<readonly number[]> {
  await page.goto(`${url}${LIVE}?tab=vehicles`);
  await page.locator('.virtual .line').nth(5).waitFor();
  return page.evaluate(`new Promise((resolve) => {
    const table = document.querySelector('.virtual');
    const gaps = [];
    let before = performance.now();
    const end = before + ${SCROLL_S * 1000};
    const step = (now) => {
      gaps.push(now - before);
      before = now;
      table.scrollTop += ${STEP_PX};
      if (now < end) requestAnimationFrame(step); else resolve(gaps.slice(1));
    };
    requestAnimationFrame(step);
  })`) as Promise<readonly number[]>;
}

async function heapOf(session: CDPSession): Promise<number> {
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize / MIB;
}

const framesSeen = async (double: Double, frames: number): Promise<void> => {
  while (double.frames() < frames) await new Promise((resolve) => setTimeout(resolve, 100));
};

async function memory(page: Page, double: Double, frames: number): Promise<readonly [number, number]> {
  const session = await page.context().newCDPSession(page);
  await page.goto(double.url + LIVE);
  const from = double.frames();
  await framesSeen(double, from + frames / 10);
  const early = await heapOf(session);
  await framesSeen(double, from + frames);
  return [early, await heapOf(session)];
}

export const benchmark = defineBenchmark({
  title: 'The dashboard: first load, scrolling, memory after many live frames',
  options: {
    vehicles: { description: 'rows of the table', default: 1_000_000 },
    frames: { description: 'live frames of the memory measurement', default: 10_000 },
  },
  async run({ vehicles, frames }, progress) {
    buildDashboard();
    const double = await startDouble(vehicles, LIVE_MS);
    const fast = await startDouble(vehicles, FAST_MS);
    const browser = await launchBrowser();
    try {
      const loads: Load[] = [];
      for (let i = 0; i < LOADS; i++) {
        const context = await browser.newContext();
        loads.push(await load(await context.newPage(), double.url));
        await context.close();
      }
      progress('scrolling');
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      const gaps = await scroll(page, double.url);
      progress(`${frames} live frames`);
      const [early, late] = await memory(page, fast, frames);
      const useful = median(loads.map(({ useful_ms }) => useful_ms));
      const fps = (gaps.length / gaps.reduce((sum, gap) => sum + gap, 0)) * 1000;
      const script = (loads[0]?.script_bytes ?? 0) / 1000;
      return {
        figures: [
          { name: 'script on first load, compressed', value: script, unit: 'kB' },
          {
            name: 'first contentful paint',
            value: median(loads.map(({ paint_ms }) => paint_ms)),
            unit: 'ms',
          },
          { name: 'first numbers on the page', value: useful, unit: 'ms' },
          { name: 'frames while scrolling', value: fps, unit: '1/s' },
          { name: 'longest gap between two', value: Math.max(...gaps), unit: 'ms' },
          { name: `heap after ${frames / 10} live frames`, value: early, unit: 'MiB' },
          { name: `heap after ${frames} live frames`, value: late, unit: 'MiB' },
        ],
        ratios: [
          { name: '250 kB / script', value: 250 / script, goal: 1 },
          { name: '1 s / first numbers', value: 1000 / useful, goal: 1 },
          { name: 'frames / 60', value: fps / 60, goal: 0.95 },
        ],
        notes: ['The API is a double: the page alone is measured. Headless, without a graphics card.'],
      };
    } finally {
      await browser.close();
      double.close();
      fast.close();
    }
  },
});

/** A page that is left open for a day, by the browser's clock turned fast: does anything grow? */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright-core';
import { buildDashboard, launchBrowser } from '../test/e2e/support/browser.ts';
import { defineBenchmark } from './benchmark.ts';
import { type Double, startDouble } from './support/dashboard-double.ts';

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;
/** Real time for requests between two minutes of the page. */
const SETTLE_MS = 15;
/** A sixth of the time: by then, of a day, the page has filled what it keeps, such as curves of some hours. */
const earlyOf = (hours: number): number => hours / 6;

interface Size {
  readonly heap_mib: number;
  readonly nodes: number;
  readonly listeners: number;
}

async function sizeOf(session: CDPSession): Promise<Size> {
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
  return {
    heap_mib: of('JSHeapUsedSize') / MIB,
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
  };
}

/** @returns the sizes early on, and at the end. */
async function leaveOpen(
  browser: Browser,
  { url, send }: Double,
  path: string,
  { hours, frames }: { readonly hours: number; readonly frames: number },
  progress: (line: string) => void,
): Promise<readonly [Size, Size]> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.clock.install();
  await page.goto(url + path);
  const feeding = setInterval(send, SETTLE_MS);
  await page.locator('.figures dd').first().waitFor();
  clearInterval(feeding);
  let early: Size | null = null;
  for (let minute = 0; minute < hours * 60; minute++) {
    // A quarter of a minute at a time, so that what comes is painted in between.
    for (let quarter = 0; quarter < 4; quarter++) {
      for (let i = 0; i < frames / 4; i++) send();
      await sleep(SETTLE_MS);
      await page.clock.runFor(MINUTE_MS / 4);
    }
    const passed_h = (minute + 1) / 60;
    const isEarly = early === null && passed_h >= earlyOf(hours);
    if (!isEarly && (minute + 1) % 60 !== 0) continue;
    const size = await sizeOf(session);
    if (isEarly) early = size;
    progress(`${path}, hour ${passed_h}: ${size.heap_mib.toFixed(2)} MiB, ${size.nodes} nodes`);
  }
  const late = await sizeOf(session);
  await page.close();
  return [early ?? late, late];
}

export const benchmark = defineBenchmark({
  title: 'A day open: heap, nodes and listeners of the page, by a clock turned fast',
  options: {
    hours: { description: 'time by the clock of the page', default: 24 },
    frames: { description: 'live frames in a minute of the page', default: 60 },
    vehicles: { description: 'targets of the campaign', default: 1_000_000 },
  },
  async run({ vehicles, ...options }, progress) {
    buildDashboard();
    const double = await startDouble(vehicles, null);
    const browser = await launchBrowser();
    try {
      const figures = [];
      const ratios = [];
      for (const [name, path] of [
        ['campaign', '/campaigns/huge'],
        ['fleet', '/'],
      ] as const) {
        const [early, late] = await leaveOpen(browser, double, path, options, progress);
        for (const [when, { heap_mib, nodes, listeners }] of [
          [`hour ${earlyOf(options.hours)}`, early],
          [`hour ${options.hours}`, late],
        ] as const)
          figures.push(
            { name: `${name}, ${when}: heap`, value: heap_mib, unit: 'MiB' },
            { name: `${name}, ${when}: nodes`, value: nodes, unit: '' },
            { name: `${name}, ${when}: listeners`, value: listeners, unit: '' },
          );
        ratios.push({
          name: `${name}: early / late heap`,
          value: early.heap_mib / late.heap_mib,
          goal: 0.95,
        });
      }
      return {
        figures,
        ratios,
        notes: ['Timers and dates are the browser’s own, run fast; requests and frames are real ones.'],
      };
    } finally {
      await browser.close();
      double.close();
    }
  },
});

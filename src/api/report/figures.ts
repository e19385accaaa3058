/** Figures of the report: drawn as SVG and tables, so that they need no script and print well. */
import { type Html, html } from './markup.ts';
import type { CampaignReport } from './report.ts';

const WIDTH = 1000;
const HEIGHT = 160;
/** Shares of fewer vehicles say little, and must not look as if they did. */
const FEW = 20;
/** Failure rates, percent, from which on a cell is one step darker. */
const STEPS = [1, 2, 5, 10, 20];

type Point = CampaignReport['series'][number];

/** Succeeded, failed and excused vehicles over time, one on the other; the rest is pending. */
export function chart(points: readonly Point[]): Html | null {
  const most = Math.max(0, ...points.map(({ targets }) => targets));
  if (points.length < 2 || most === 0) return null;
  const x = (n: number): string => ((WIDTH * n) / (points.length - 1)).toFixed(1);
  const y = (vehicles: number): string => (HEIGHT - (HEIGHT * vehicles) / most).toFixed(1);
  const band = (name: string, low: (point: Point) => number, high: (point: Point) => number): Html => {
    const above = points.map((point, n) => `${x(n)},${y(high(point))}`);
    const below = points.map((point, n) => `${x(n)},${y(low(point))}`).reverse();
    return html`<polygon class="area-${name}" points="${[...above, ...below].join(' ')}"/>`;
  };
  const good = ({ succeeded }: Point): number => succeeded;
  const bad = ({ succeeded, failed }: Point): number => succeeded + failed;
  const settled = ({ succeeded, failed, excused }: Point): number => succeeded + failed + excused;
  const first = points[0]?.at ?? '';
  const last = points.at(-1)?.at ?? '';
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Vehicles over time: succeeded, failed, excused, pending">
${band('pending', settled, ({ targets }) => targets)}${band('good', () => 0, good)}${band('bad', good, bad)}${band('excused', bad, settled)}
</svg><p class="quiet">From ${first} to ${last}: succeeded (green), failed (red), excused (grey), pending.</p>`;
}

/** Failure by model and region; each cell says how many vehicles it stands for. */
export function heatMap(groups: CampaignReport['results']['byModelRegion']): Html {
  const cells = Object.entries(groups).map(([key, share]) => {
    const at = key.lastIndexOf('/');
    return { model: key.slice(0, at), region: key.slice(at + 1), share };
  });
  if (cells.length === 0) return html`<p>No vehicle is targeted.</p>`;
  const models = [...new Set(cells.map(({ model }) => model))].sort();
  const regions = [...new Set(cells.map(({ region }) => region))].sort();
  const cellOf = (model: string, region: string): Html => {
    const found = cells.find((cell) => cell.model === model && cell.region === region);
    if (found === undefined || found.share.targets === 0) return html`<td></td>`;
    const { failed, targets } = found.share;
    const settled = targets - found.share.pending;
    const rate = settled === 0 ? 0 : (100 * failed) / settled;
    const level = STEPS.filter((step) => rate >= step).length;
    return html`<td class="${settled < FEW ? 'few' : `rate-${level}`}">${settled === 0 ? '–' : `${rate.toFixed(1)} %`}<small>${failed} of ${settled}</small></td>`;
  };
  return html`<table class="heat"><caption>Failed of the vehicles that are settled. Hatched: fewer than ${FEW}, so that the share says little.</caption>
<thead><tr><th>Model</th>${regions.map((region) => html`<th>${region}</th>`)}</tr></thead><tbody>
${models.map((model) => html`<tr><th>${model}</th>${regions.map((region) => cellOf(model, region))}</tr>`)}</tbody></table>`;
}

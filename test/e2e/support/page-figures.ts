/** The figures of a campaign as the dashboard shows them, read off the page as a person would. */
import type { Page } from 'playwright-core';
import type { Progress } from '../../../src/api/progress.ts';

export interface PageFigures {
  readonly targets: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
  /** By `model/region`, as the heat map has them. */
  readonly slices: Readonly<Record<string, { readonly failed: number; readonly outcomes: number }>>;
}

/** `1,234` as an English reader has it. */
const numberOf = (text: string | null): number => Number((text ?? '').replaceAll(',', ''));

export async function pageFigures(page: Page, path: string): Promise<PageFigures> {
  await page.goto(path);
  await page.locator('table.heat tbody td').first().waitFor();
  const figure = async (name: string): Promise<number> => {
    const found = page.locator('.figures > div', { has: page.getByText(name, { exact: true }) });
    return numberOf(await found.locator('dd').first().textContent());
  };
  const heat = page.locator('table.heat');
  const regions = (await heat.locator('thead th').allTextContents()).slice(0, -1);
  const slices: Record<string, { failed: number; outcomes: number }> = {};
  for (const row of (await heat.locator('tbody tr').all()).slice(0, -1)) {
    const model = await row.locator('th').textContent();
    for (const [i, region] of regions.entries()) {
      const text = await row.locator('td').nth(i).textContent();
      const [, failed, outcomes] = /([\d,]+) of ([\d,]+)/.exec(text ?? '') ?? [];
      if (failed === undefined || outcomes === undefined) continue;
      slices[`${model}/${region}`] = { failed: numberOf(failed), outcomes: numberOf(outcomes) };
    }
  }
  return {
    targets: await figure('Targets'),
    succeeded: await figure('Succeeded'),
    failed: await figure('Failed'),
    pending: await figure('Pending'),
    slices,
  };
}

/** What a page has to show of a progress. */
export const figuresOf = ({ targets, succeeded, failed, pending, byModelRegion }: Progress): PageFigures => ({
  targets,
  succeeded,
  failed,
  pending,
  slices: Object.fromEntries(
    Object.entries(byModelRegion).map(([slice, share]) => [
      slice,
      { failed: share.failed, outcomes: share.succeeded + share.failed },
    ]),
  ),
});

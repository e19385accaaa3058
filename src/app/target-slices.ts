/** The slices that assignments were frozen in with the targets: what a campaign counts by. */
import type { TargetSlice } from '../domain/campaign/events.ts';
import type { Document, ReadModelReader } from './ports.ts';

/** Of an assignment. */
export interface InSlice {
  readonly campaignId: string;
  /** With the number of the slice, where a target list named the vehicle. */
  readonly shard?: number;
  readonly slice?: number;
}

interface SlicesDocument extends Document {
  readonly slices: readonly TargetSlice[];
}

/** The slices that a page names: a document for each campaign and shard in it. */
export async function slicesOf(
  reader: Pick<ReadModelReader, 'getMany'>,
  page: readonly InSlice[],
): Promise<(one: InSlice) => TargetSlice | undefined> {
  const idOf = ({ campaignId, shard }: InSlice): string => `${campaignId}/${shard}`;
  const ids = [...new Set(page.filter(({ shard }) => shard !== undefined).map(idOf))];
  const found = await reader.getMany<SlicesDocument>('target-slices', ids);
  const slices = new Map(ids.map((id, n) => [id, found[n]?.slices ?? []]));
  return (one) => (one.slice === undefined ? undefined : slices.get(idOf(one))?.[one.slice]);
}

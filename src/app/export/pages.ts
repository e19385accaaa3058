import type { Document, FindOptions, Page, ReadModelReader } from '../ports.ts';

const PAGE = 1000;

/** All documents of a query in the order of their ids, page by page: what changes meanwhile is as it is then. */
export async function* pagesOf<T extends Document>(
  reader: ReadModelReader,
  collection: string,
  where: NonNullable<FindOptions['where']>,
): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await reader.find<T>(collection, {
      where,
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    if (page.items.length > 0) yield page.items;
    cursor = page.next;
  } while (cursor !== null);
}

export interface VehicleDocument extends Document {
  readonly brand: string;
  readonly model: string;
  readonly variant: string;
  readonly region: string;
}

/** What of a vehicle goes beside its rows, as it is now. */
export async function vehiclesOf(
  reader: ReadModelReader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, VehicleDocument>> {
  const unique = [...new Set(ids)];
  const found = await reader.getMany<VehicleDocument>('vehicles', unique);
  return new Map(unique.flatMap((id, n) => (found[n] == null ? [] : [[id, found[n]] as const])));
}

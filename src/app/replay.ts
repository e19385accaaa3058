/** A campaign as it stood at any instant, folded from its events alone. Reads only: nothing can be sent from here. */
import { isKnown, readEvent } from '../domain/events.ts';
import { type Cut, isWithin, NOTHING_REACHED, type Reached } from '../domain/shared/cut.ts';
import { campaignOf, campaignPrefixes } from '../domain/shared/streams.ts';
import type { Document, Documents, EventStore, Position, Projection, RecordedEvent } from './ports.ts';

export interface Replayed extends Reached {
  /** The documents of the campaign, by collection; none that it did not have yet. */
  readonly documents: Readonly<Record<string, Document>>;
  /** Event types that a newer version wrote; they are skipped. */
  readonly unknown: readonly string[];
}

/** Every event of one campaign in the order of the log. */
export async function* campaignHistory(
  store: Pick<EventStore, 'readAll'>,
  campaignId: string,
  within: { readonly after?: Position; readonly until?: Position } = {},
): AsyncIterable<readonly RecordedEvent[]> {
  for await (const batch of store.readAll({ ...within, prefixes: campaignPrefixes(campaignId) })) {
    // Prefixes over-match where one id begins with another.
    const events = batch.events.filter((event) => campaignOf(event.stream) === campaignId);
    if (events.length > 0) yield events;
  }
}

/**
 * Folds projections over events from the first one on.
 * @param cuts in rising order; the outcome has one entry for each.
 * @param collections whose document with the campaign's id is given back.
 */
export async function replay(
  history: AsyncIterable<readonly RecordedEvent[]>,
  campaignId: string,
  projections: readonly Projection[],
  collections: readonly string[],
  cuts: readonly Cut[],
): Promise<readonly Replayed[]> {
  const fold = new ReplayFold(projections);
  const found: Replayed[] = [];
  for await (const events of history) {
    for (const recorded of events) {
      if (!fold.knows(recorded)) continue;
      while (found.length < cuts.length && !fold.isBefore(recorded, cuts[found.length] as Cut))
        found.push(fold.result(campaignId, collections));
      if (found.length === cuts.length) return found;
      fold.add(recorded);
    }
  }
  while (found.length < cuts.length) found.push(fold.result(campaignId, collections));
  return found;
}

class ReplayFold implements Documents {
  readonly #projections: readonly Projection[];
  readonly #documents = new Map<string, Document>();
  readonly #unknown = new Set<string>();
  /** Keys that some event has looked at. */
  readonly #kept = new Set<string>();
  #reached: Reached = NOTHING_REACHED;
  #latest_ms = Number.NEGATIVE_INFINITY;

  constructor(projections: readonly Projection[]) {
    this.#projections = projections;
  }

  /** What is not known moves nothing, not even the time. */
  knows({ type, schemaVersion }: RecordedEvent): boolean {
    const known = isKnown(type, schemaVersion);
    if (!known) this.#unknown.add(type);
    return known;
  }

  isBefore({ position, metadata }: RecordedEvent, cut: Cut): boolean {
    return isWithin(position, Math.max(this.#latest_ms, Date.parse(metadata.time)), cut);
  }

  add(recorded: RecordedEvent): void {
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known) return;
    const { position, metadata } = recorded;
    this.#latest_ms = Math.max(this.#latest_ms, Date.parse(metadata.time));
    this.#reached = { events: this.#reached.events + 1, position, at: metadata.time };
    const projected = { event: read.event, recorded };
    for (const projection of this.#projections) {
      if (!projection.prefixes.some((prefix) => recorded.stream.startsWith(prefix))) continue;
      for (const { collection, id } of projection.keys(projected)) this.#kept.add(keyOf(collection, id));
      for (const { collection, id } of projection.furtherKeys?.(projected, this) ?? [])
        this.#kept.add(keyOf(collection, id));
      projection.apply(projected, this);
    }
  }

  get<T extends Document>(collection: string, id: string): T | null {
    return (this.#documents.get(keyOf(collection, id)) as T | undefined) ?? null;
  }

  put(collection: string, document: Document): void {
    const key = keyOf(collection, document.id);
    // What no event looks at is only written: a replay has no use for it.
    if (this.#kept.has(key)) this.#documents.set(key, document);
  }

  delete(collection: string, id: string): void {
    this.#documents.delete(keyOf(collection, id));
  }

  result(campaignId: string, collections: readonly string[]): Replayed {
    const documents: Record<string, Document> = {};
    for (const collection of collections) {
      const found = this.get(collection, campaignId);
      if (found !== null) documents[collection] = structuredClone(found);
    }
    return { ...this.#reached, documents, unknown: [...this.#unknown] };
  }
}

const keyOf = (collection: string, id: string): string => `${collection}\u0000${id}`;

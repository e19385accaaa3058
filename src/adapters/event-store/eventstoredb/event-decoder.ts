/** Completes events as they are read: what the middle of a long append leaves out is known from its first event. */
import type { AppendMetadata, Position, RecordedEvent } from '../../../app/ports.ts';
import { EventStoreError } from '../errors.ts';
import type { WireEvent } from './wire-event.ts';

/** Looks up what a read did not bring along. */
export interface LookUp {
  /** Metadata of the event at a revision that is known to carry it. */
  metadata(stream: string, revision: number): Promise<AppendMetadata>;
  /** Position of an event of a stream, from `$all`. */
  position(stream: string, revision: number): Promise<Position>;
}

/** For events in the order of a stream or of `$all`, forward or backward: they come append by append. */
export class EventDecoder {
  readonly #lookUp: LookUp;
  #stream = '';
  #first = -1;
  #metadata: AppendMetadata | null = null;

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  async recorded(events: readonly WireEvent[]): Promise<RecordedEvent[]> {
    const recorded: RecordedEvent[] = [];
    for (const event of events) {
      const { stream, revision, id, type, schemaVersion, data } = event;
      const metadata = this.#known(event) ?? (await this.#found(event));
      const position = event.position ?? (await this.#lookUp.position(stream, revision));
      recorded.push({ stream, revision, position, id, type, schemaVersion, data, metadata });
    }
    return recorded;
  }

  /** One object for all events of an append, as long as they say the same. */
  #known({ stream, first, metadata }: WireEvent): AppendMetadata | null {
    const same = stream === this.#stream && first === this.#first;
    if (same && this.#metadata !== null) return this.#metadata;
    if (metadata !== null) this.#remember(stream, first, metadata);
    return metadata;
  }

  async #found({ stream, first }: WireEvent): Promise<AppendMetadata> {
    const metadata = await this.#lookUp.metadata(stream, first);
    this.#remember(stream, first, metadata);
    return metadata;
  }

  #remember(stream: string, first: number, metadata: AppendMetadata): void {
    this.#stream = stream;
    this.#first = first;
    this.#metadata = metadata;
  }
}

/** @throws EventStoreError 'read-failed' when the event that should carry the metadata of its append does not. */
export function metadataOf(event: WireEvent | null, stream: string, revision: number): AppendMetadata {
  if (event?.metadata != null) return event.metadata;
  throw new EventStoreError(
    'read-failed',
    `event ${revision} of stream ${stream} lacks its append's metadata`,
  );
}

/** Compares every stored byte with the log: for `fleetwave doctor --deep` and `fleetwave verify`. */
import { readEvent } from '../../domain/events.ts';
import { artifactStream } from '../../domain/shared/streams.ts';
import type { BlobStore, KeyWrapper } from '../ports/artifact-store.ts';
import type { EventStore } from '../ports/event-store.ts';
import { fileProblem } from './stored-file.ts';

export interface IntegrityReport {
  /** Of the ciphertext. */
  readonly sha256: string;
  /** Null for a blob that no event names: what an upload left whose command was refused in the end. */
  readonly artifactId: string | null;
  readonly ok: boolean;
  readonly problem: string | null;
}

/** One report per recorded file, in log order, then one per blob that no event names (harmless, `ok`). */
export async function* checkIntegrity(deps: {
  readonly store: Pick<EventStore, 'readAll'>;
  readonly blobs: BlobStore;
  readonly wrapper: KeyWrapper;
}): AsyncGenerator<IntegrityReport> {
  const known = new Set<string>();
  for await (const batch of deps.store.readAll({ prefixes: [artifactStream('')] })) {
    for (const { type, schemaVersion, data } of batch.events) {
      if (type !== 'FileStored') continue;
      const read = readEvent(type, schemaVersion, data);
      if (!read.known || read.event.type !== 'FileStored') continue;
      const { artifactId, ciphertext } = read.event.data;
      known.add(ciphertext.sha256);
      const problem = await fileProblem(deps, artifactId, read.event.data);
      yield { sha256: ciphertext.sha256, artifactId, ok: problem === null, problem };
    }
  }
  for await (const sha256 of deps.blobs.list())
    if (!known.has(sha256)) yield { sha256, artifactId: null, ok: true, problem: 'no event names it' };
}

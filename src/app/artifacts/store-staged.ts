/** The end of a resumable upload: what was staged is read back and stored as if it had come at once. */
import { reject } from '../../domain/shared/decider.ts';
import type { CommandEnvelope, CommandOutcome } from '../handle-command.ts';
import type { Log } from '../ports/log.ts';
import { DamagedObjectError } from './sealed-object.ts';
import type { StagedPiece, StagedUploads, UploadRecord } from './staged-uploads.ts';
import type { Upload } from './upload.ts';
import { refusalOf } from './upload-refusals.ts';

/** Takes files in: the artifact service. */
export interface FileTaker {
  upload(artifactId: string, upload: Upload, envelope: CommandEnvelope): Promise<CommandOutcome<unknown>>;
  judgeUpload(
    artifactId: string,
    declared: Omit<Upload, 'bytes'>,
    envelope: CommandEnvelope,
  ): Promise<CommandOutcome<unknown> | null>;
}

export interface StoreStagedDeps {
  readonly artifacts: FileTaker;
  readonly uploads: Pick<StagedUploads, 'read' | 'end' | 'remove'>;
  readonly log: Log;
  /** The process is to end: what would take minutes is left to the next attempt. */
  readonly isClosing: () => boolean;
}

class ClosingError extends Error {}

export interface StagedContent {
  readonly pieces: readonly StagedPiece[];
  /** What comes after them, and is not staged. */
  readonly tail: Uint8Array;
}

/**
 * Stores the file, and removes what was staged where that has become of no use: when the file is stored, and when its
 * bytes are not what was declared, for then nobody knows which of them are wrong.
 * @throws what the stores throw: nothing is recorded then, and the last bytes can be sent again.
 */
export async function storeStaged(
  { artifacts, uploads, log, isClosing }: StoreStagedDeps,
  uploadId: string,
  { artifactId, fileName, sha256, size }: UploadRecord,
  { pieces, tail }: StagedContent,
  envelope: CommandEnvelope,
): Promise<CommandOutcome<unknown>> {
  // An upload at once takes a failure of its source for the sender's; here it is the store's.
  let failure: unknown = null;
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of uploads.read(pieces)) {
        if (isClosing()) throw new ClosingError();
        yield piece;
      }
      yield tail;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  const outcome = await artifacts.upload(artifactId, { fileName, bytes: content(), sha256, size }, envelope);
  if (failure instanceof ClosingError) return refusalOf({ what: 'closing' });
  if (failure instanceof DamagedObjectError) {
    // Another process may have stored the file meanwhile, and removed the pieces.
    const { actor, source } = envelope;
    const declared = { fileName, sha256, size };
    const verdict = await artifacts.judgeUpload(artifactId, declared, { actor, source });
    if (verdict?.ok === true) return verdict;
    log('error', 'a piece of an upload is damaged in the artifact store', { error: failure });
    await uploads.remove(uploadId);
    return reject('upload-damaged', 'what came before was damaged in the artifact store', 'Send it again.');
  }
  if (failure !== null) throw failure;
  if (!outcome.ok) {
    if (outcome.rejection.code === 'digest-mismatch') await uploads.remove(uploadId);
    return outcome;
  }
  try {
    await uploads.end(uploadId);
  } catch (error) {
    log('warn', 'pieces of an ended upload could not be removed; they go when it expires', { error });
  }
  return outcome;
}

/**
 * Uploads that go on where they were cut off. What came of one is staged piece by piece, and an offset moves only once
 * a piece is durable; with its last bytes the file is read back and stored exactly as if it had come at once. What is
 * needed for that lies in the staging store, so that the next request may reach another process.
 */
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import type { CommandEnvelope, CommandOutcome } from '../handle-command.ts';
import type { KeyWrapper } from '../ports/artifact-store.ts';
import type { Log } from '../ports/log.ts';
import type { StagingStore } from '../ports/staging-store.ts';
import { NewestOnly } from './newest-only.ts';
import { DamagedObjectError } from './sealed-object.ts';
import {
  createStagedUploads,
  type Staged,
  type StagedUploads,
  type UploadRecord,
  uploadIdOf,
} from './staged-uploads.ts';
import { type FileTaker, type StagedContent, storeStaged } from './store-staged.ts';
import { takePieces } from './take-pieces.ts';
import { problemOf, refusalOf, tooManyPieces } from './upload-refusals.ts';

export interface ResumableUploadsDeps {
  readonly artifacts: FileTaker;
  readonly staging: StagingStore;
  readonly wrapper: KeyWrapper;
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  /** Bytes of one file. */
  readonly maxFileBytes: number;
  /** How long after its last piece an upload can be gone on with, seconds. */
  readonly valid_s: number;
  /** Bytes of a piece; default 8 MiB. Each request under way holds two of them in memory. */
  readonly pieceBytes?: number;
  /** Pieces of one upload at most; default 10,000. */
  readonly maxPieces?: number;
}

type Accepted = Extract<CommandOutcome<unknown>, { readonly ok: true }>;
type Refused = { readonly ok: false; readonly rejection: Rejection };

/** An upload as it is now. */
export interface UploadView extends UploadRecord {
  readonly uploadId: string;
  /** Bytes that need not be sent again; all of them only once the file is stored. */
  readonly offset: number;
  /** Milliseconds since 1970; null when the file is stored. */
  readonly expiresAt: number | null;
}

/** One request with bytes. */
export interface Sent {
  readonly offset: number;
  /** Null when the sender does not know it. */
  readonly length: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

type Answer<T> = Promise<({ readonly ok: true } & T) | Refused>;

export interface ResumableUploads {
  readonly maxFileBytes: number;
  /** Gives the upload that is under way when the same person has declared the same before. */
  begin(
    artifactId: string,
    declared: Declared,
    envelope: CommandEnvelope,
  ): Answer<{ readonly upload: UploadView }>;
  look(
    artifactId: string,
    uploadId: string,
    envelope: CommandEnvelope,
  ): Answer<{ readonly upload: UploadView }>;
  /** Those into this artifact that can be gone on with. */
  list(artifactId: string, envelope: CommandEnvelope): Promise<readonly UploadView[]>;
  /** `outcome` is there when these bytes were the last ones. Whoever else sends into the same upload is stopped. */
  receive(
    artifactId: string,
    uploadId: string,
    sent: Sent,
    envelope: CommandEnvelope,
  ): Answer<{ readonly upload: UploadView; readonly outcome: Accepted | null }>;
  cancel(artifactId: string, uploadId: string, envelope: CommandEnvelope): Answer<object>;
  /** Ends requests that bring bytes or wait for the file to be stored, keeping what came: the process is to end. */
  interrupt(): void;
  /** Removes what has expired. @returns how many uploads. */
  sweep(): Promise<number>;
}

type Declared = Pick<UploadRecord, 'fileName' | 'size' | 'sha256' | 'metadata'>;

const DEFAULT_PIECE_BYTES = 8 * 1024 * 1024;
const DEFAULT_MAX_PIECES = 10_000;
/** What was gone on with just before it expired is still on its way, or being stored: the largest file takes minutes. */
const SWEEP_GRACE_MS = 30 * 60_000;

class Uploads implements ResumableUploads {
  readonly maxFileBytes: number;
  readonly #deps: ResumableUploadsDeps;
  readonly #uploads: StagedUploads;
  readonly #pieceBytes: number;
  readonly #maxPieces: number;
  readonly #valid_ms: number;
  readonly #newest = new NewestOnly();

  constructor(deps: ResumableUploadsDeps) {
    this.#deps = deps;
    this.#uploads = createStagedUploads(deps);
    this.maxFileBytes = deps.maxFileBytes;
    this.#pieceBytes = deps.pieceBytes ?? DEFAULT_PIECE_BYTES;
    this.#maxPieces = deps.maxPieces ?? DEFAULT_MAX_PIECES;
    this.#valid_ms = deps.valid_s * 1000;
  }

  async begin(
    artifactId: string,
    declared: Declared,
    envelope: CommandEnvelope,
  ): Answer<{ readonly upload: UploadView }> {
    if (declared.size > this.maxFileBytes)
      return reject('body-too-large', `a file may have at most ${this.maxFileBytes} bytes`, 'Split it.');
    const verdict = await this.#deps.artifacts.judgeUpload(artifactId, declared, envelope);
    if (verdict?.ok === false) return verdict;
    const record = { artifactId, ...declared, by: envelope.actor.id };
    const uploadId = uploadIdOf(record);
    const there = await this.#staged(uploadId);
    if (there !== null && this.#hasExpired(there)) await this.#uploads.remove(uploadId);
    await this.#uploads.begin(uploadId, record);
    if (record.size === 0 && verdict === null) {
      const outcome = await this.#store(uploadId, record, { pieces: [], tail: new Uint8Array() }, envelope);
      if (!outcome.ok) return outcome;
    }
    return await this.look(artifactId, uploadId, envelope);
  }

  async look(
    artifactId: string,
    uploadId: string,
    envelope: CommandEnvelope,
  ): Answer<{ readonly upload: UploadView }> {
    const found = await this.#find(artifactId, uploadId);
    if (!found.ok) return found;
    // Without a precondition: it is a question, whatever revision was expected.
    const { actor, source } = envelope;
    const verdict = await this.#deps.artifacts.judgeUpload(artifactId, found.staged.record, {
      actor,
      source,
    });
    return { ok: true, upload: this.#viewOf(uploadId, found.staged, verdict?.ok === true) };
  }

  async list(artifactId: string, envelope: CommandEnvelope): Promise<readonly UploadView[]> {
    const views: UploadView[] = [];
    for (const uploadId of await this.#uploads.idsOf(artifactId)) {
      const found = await this.look(artifactId, uploadId, envelope);
      if (found.ok && found.upload.expiresAt !== null) views.push(found.upload);
    }
    return views;
  }

  receive(
    artifactId: string,
    uploadId: string,
    sent: Sent,
    envelope: CommandEnvelope,
  ): ReturnType<ResumableUploads['receive']> {
    return this.#newest.run(uploadId, (signal) =>
      this.#receive(artifactId, uploadId, sent, envelope, signal),
    );
  }

  cancel(artifactId: string, uploadId: string, envelope: CommandEnvelope): Answer<object> {
    return this.#newest.run(uploadId, async () => {
      const found = await this.#mine(artifactId, uploadId, envelope);
      if (found.ok) await this.#uploads.remove(uploadId);
      return found;
    });
  }

  interrupt(): void {
    this.#newest.stopAll();
  }

  sweep(): Promise<number> {
    return this.#uploads.sweep(this.#deps.now() - this.#valid_ms - SWEEP_GRACE_MS);
  }

  async #receive(
    artifactId: string,
    uploadId: string,
    sent: Sent,
    envelope: CommandEnvelope,
    signal: AbortSignal,
  ): ReturnType<ResumableUploads['receive']> {
    const found = await this.#mine(artifactId, uploadId, envelope);
    if (!found.ok) return found;
    const { record, offset, pieces } = found.staged;
    const verdict = await this.#deps.artifacts.judgeUpload(artifactId, record, envelope);
    if (verdict?.ok === false) return verdict;
    const view = this.#viewOf(uploadId, found.staged, verdict !== null);
    // The last request once more: its answer was lost.
    if (verdict !== null && sent.offset + (sent.length ?? 0) === record.size) {
      await drained(sent.bytes);
      return { ok: true, upload: view, outcome: verdict };
    }
    const problem = problemOf(view, sent);
    if (problem !== null) return problem;
    if (pieces.length >= this.#maxPieces) {
      // Whoever begins it again would else find it as full as it is.
      await this.#uploads.remove(uploadId);
      return tooManyPieces(pieces.length);
    }
    const intake = { uploads: this.#uploads, uploadId, from: offset, size: record.size, signal };
    const taken = await takePieces({ ...intake, pieceBytes: this.#pieceBytes, bytes: sent.bytes });
    if (taken.what === 'staged') {
      const expiresAt = taken.offset > offset ? this.#deps.now() + this.#valid_ms : view.expiresAt;
      return { ok: true, upload: { ...view, offset: taken.offset, expiresAt }, outcome: null };
    }
    if (taken.what !== 'complete') return refusalOf(taken);
    const chain = (await this.#uploads.look(uploadId))?.pieces ?? [];
    const before = chain.filter((piece) => piece.offset < taken.offset);
    const outcome = await this.#store(uploadId, record, { pieces: before, tail: taken.tail }, envelope);
    if (!outcome.ok) return outcome;
    return { ok: true, upload: { ...view, offset: record.size, expiresAt: null }, outcome };
  }

  #store(uploadId: string, record: UploadRecord, content: StagedContent, envelope: CommandEnvelope) {
    const deps = { ...this.#deps, uploads: this.#uploads, isClosing: () => this.#newest.closing };
    return storeStaged(deps, uploadId, record, content, envelope);
  }

  #hasExpired({ touchedAt }: Staged): boolean {
    return touchedAt + this.#valid_ms < this.#deps.now();
  }

  #viewOf(uploadId: string, { record, offset, touchedAt }: Staged, stored: boolean): UploadView {
    return stored
      ? { uploadId, ...record, offset: record.size, expiresAt: null }
      : { uploadId, ...record, offset, expiresAt: touchedAt + this.#valid_ms };
  }

  /** What is damaged can only be begun again. */
  async #staged(uploadId: string): Promise<Staged | null> {
    try {
      return await this.#uploads.look(uploadId);
    } catch (error) {
      if (!(error instanceof DamagedObjectError)) throw error;
      this.#deps.log('error', 'an upload is damaged in the artifact store and was removed', { error });
      await this.#uploads.remove(uploadId);
      return null;
    }
  }

  async #find(artifactId: string, uploadId: string): Answer<{ readonly staged: Staged }> {
    const staged = await this.#staged(uploadId);
    if (staged === null || staged.record.artifactId !== artifactId)
      return reject('upload-not-found', 'there is no such upload', 'Begin it again.');
    if (this.#hasExpired(staged))
      return reject('upload-expired', 'nothing came of this upload for too long', 'Begin it again.');
    return { ok: true, staged };
  }

  /** Whoever brings the last byte is the one who stored the file, and four eyes count persons. */
  async #mine(
    artifactId: string,
    uploadId: string,
    { actor }: CommandEnvelope,
  ): Answer<{ readonly staged: Staged }> {
    const found = await this.#find(artifactId, uploadId);
    if (!found.ok || found.staged.record.by === actor.id) return found;
    const { by } = found.staged.record;
    return reject('not-your-upload', `${by} has begun this upload`, 'Begin one of your own.');
  }
}

export const createResumableUploads = (deps: ResumableUploadsDeps): ResumableUploads => new Uploads(deps);

/** The sender reads no answer before it has sent all. */
async function drained(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of bytes);
  } catch {
    // It has gone: there is nobody to answer either.
  }
}

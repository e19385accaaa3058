/**
 * How uploads that are under way lie in the staging store. One upload is one group: `upload`, what was declared when it
 * was begun; `p{offset}`, a piece that begins at this byte of the file; `done`, that it has ended well. Pieces form a
 * chain from byte 0: each begins where the one before it ends. A piece is written only at the end of the chain, and
 * only one object gets a name: of two that write at the same place, the other one finds out.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { artifactId, fileName, personId, sha256 } from '../../domain/shared/ids.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import type { KeyWrapper } from '../ports/artifact-store.ts';
import type { StagingStore } from '../ports/staging-store.ts';
import { contentSize, DamagedObjectError, seal, sealedId, unseal } from './sealed-object.ts';

/** What was declared when the upload was begun. */
const uploadRecord = z.object({
  v: z.literal(1),
  artifactId,
  fileName,
  /** Bytes and SHA-256 of the plaintext. */
  size: z.int().min(0),
  sha256,
  by: personId,
  /** As the sender gave it, to be given back. */
  metadata: z.string(),
});
export type UploadRecord = Omit<z.infer<typeof uploadRecord>, 'v'>;

export interface StagedPiece {
  readonly name: string;
  readonly offset: number;
  /** Bytes of plaintext. */
  readonly size: number;
}

/** What there is of an upload. */
export interface Staged {
  readonly record: UploadRecord;
  readonly pieces: readonly StagedPiece[];
  /** Where the next piece begins. */
  readonly offset: number;
  /** When the newest object was written, milliseconds since 1970 by the store's clock. */
  readonly touchedAt: number;
}

export interface StagedUploads {
  /** Writes down what was declared, unless it was before. */
  begin(uploadId: string, record: UploadRecord): Promise<void>;
  /** Null when there is no such upload. */
  look(uploadId: string): Promise<Staged | null>;
  /** Durable when it resolves. @returns false when another piece begins there. */
  addPiece(uploadId: string, offset: number, bytes: Uint8Array): Promise<boolean>;
  /** @throws DamagedObjectError for a piece that is not what was staged, or is not there any more. */
  read(pieces: readonly StagedPiece[]): AsyncIterable<Uint8Array>;
  /** Removes the pieces. That there was such an upload is known until it expires. */
  end(uploadId: string): Promise<void>;
  remove(uploadId: string): Promise<void>;
  /** Uploads into this artifact. */
  idsOf(artifactId: string): Promise<readonly string[]>;
  /** Removes those in which nothing was written since `before` (milliseconds since 1970). @returns how many. */
  sweep(before: number): Promise<number>;
}

const RECORD = 'upload';
const DONE = 'done';
const PIECE = /\/p(\d{16})$/;
const ARTIFACT_DIGITS = 16;
const UPLOAD_DIGITS = 32;

const digits = (text: string, count: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, count);

const groupsOf = (artifact: string): string => digits(artifact, ARTIFACT_DIGITS);

/**
 * The same declaration by the same person is the same upload: so whoever comes back, from another page or machine, goes
 * on where it stopped.
 */
export const uploadIdOf = ({ artifactId: artifact, metadata: _, ...declared }: UploadRecord): string =>
  groupsOf(artifact) + digits(canonicalJson({ artifact, ...declared }), UPLOAD_DIGITS);

export const uploadId = z
  .string()
  .regex(new RegExp(`^[0-9a-f]{${ARTIFACT_DIGITS + UPLOAD_DIGITS}}$`), 'must be the id of an upload');

const recordName = (id: string): string => `${id}/${RECORD}`;
const pieceName = (id: string, offset: number): string => `${id}/p${String(offset).padStart(16, '0')}`;

export function createStagedUploads(deps: {
  readonly staging: StagingStore;
  readonly wrapper: KeyWrapper;
  readonly newId: () => string;
}): StagedUploads {
  const { staging, wrapper, newId } = deps;

  /** @returns false when something else has that name. */
  const write = async (name: string, plain: Uint8Array): Promise<boolean> => {
    const { id, bytes } = await seal(wrapper, newId, name, plain);
    if (await staging.put(name, bytes)) return true;
    // The answer to a try before may have been lost: then it is ours.
    const there = await staging.get(name);
    return there !== null && sealedId(name, there) === id;
  };
  const open = async (name: string): Promise<Uint8Array | null> => {
    const sealed = await staging.get(name);
    return sealed === null ? null : await unseal(wrapper, name, sealed);
  };
  const mustOpen = async (name: string): Promise<Uint8Array> => {
    const bytes = await open(name);
    if (bytes === null) throw new DamagedObjectError(`${name} is not there any more`);
    return bytes;
  };
  const namesOf = async (id: string): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of staging.list(id)) names.push(name);
    return names;
  };
  const remove = async (id: string): Promise<void> => {
    // The record first: an upload of which only pieces are left is none.
    await staging.remove([recordName(id)]);
    await staging.remove(await namesOf(id));
  };

  return {
    async begin(id, record) {
      await write(recordName(id), Buffer.from(JSON.stringify({ v: 1, ...record })));
    },

    async look(id) {
      const bytes = await open(recordName(id));
      if (bytes === null) return null;
      const { v: _, ...record } = uploadRecord.parse(JSON.parse(Buffer.from(bytes).toString()));
      return { record, ...(await chainOf(staging, id)) };
    },

    addPiece: (id, offset, bytes) => write(pieceName(id, offset), bytes),

    async *read(pieces) {
      // One is fetched while the one before it is used.
      let next = pieces[0] === undefined ? null : mustOpen(pieces[0].name);
      for (let at = 1; next !== null; at++) {
        const bytes = await next;
        const following = pieces[at];
        next = following === undefined ? null : mustOpen(following.name);
        // A failure is thrown in its turn, and is none when nobody reads on.
        next?.catch(() => undefined);
        yield bytes;
      }
    },

    async end(id) {
      await write(`${id}/${DONE}`, new Uint8Array());
      await staging.remove((await namesOf(id)).filter((name) => PIECE.test(name)));
    },

    remove,

    async idsOf(artifact) {
      const ids: string[] = [];
      for await (const { name } of staging.list(groupsOf(artifact)))
        if (name.endsWith(`/${RECORD}`)) ids.push(name.slice(0, name.indexOf('/')));
      return ids;
    },

    async sweep(before) {
      const touched = new Map<string, number>();
      for await (const { name, modifiedAt } of staging.list('')) {
        const id = name.slice(0, name.indexOf('/'));
        touched.set(id, Math.max(modifiedAt, touched.get(id) ?? 0));
      }
      const expired = [...touched].filter(([, at]) => at < before).map(([id]) => id);
      for (const id of expired) await remove(id);
      return expired.length;
    },
  };
}

/** What does not join the chain was left by somebody who came too late; it goes with the rest. */
async function chainOf(
  staging: StagingStore,
  id: string,
): Promise<Pick<Staged, 'pieces' | 'offset' | 'touchedAt'>> {
  const found = new Map<number, StagedPiece>();
  let touchedAt = 0;
  for await (const { name, size, modifiedAt } of staging.list(id)) {
    touchedAt = Math.max(touchedAt, modifiedAt);
    const [, start] = PIECE.exec(name) ?? [];
    if (start !== undefined)
      found.set(Number(start), { name, offset: Number(start), size: contentSize(size) });
  }
  const pieces: StagedPiece[] = [];
  let offset = 0;
  for (let piece = found.get(0); piece !== undefined && piece.size > 0; piece = found.get(offset)) {
    pieces.push(piece);
    offset += piece.size;
  }
  return { pieces, offset, touchedAt };
}

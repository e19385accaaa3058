/** Takes the bytes of one file in: through the cipher into the blob store, kept only when they are what was declared. */

import type { z } from 'zod';
import type { artifactCommand } from '../../domain/artifact/commands.ts';
import { type Rejection, reject } from '../../domain/shared/decider.ts';
import type { BlobStore, KeyWrapper } from '../ports/artifact-store.ts';
import { encrypt, type Measure, newContentKey } from './cipher.ts';
import { wrapContext } from './stored-file.ts';

/** Bytes on their way in. */
export interface Upload {
  readonly fileName: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Declared SHA-256 of the plaintext, lower-case hex. */
  readonly sha256: string;
  /** Declared size in bytes; null when the sender does not know it. */
  readonly size: number | null;
}

export type StoreFile = Extract<z.output<typeof artifactCommand>, { type: 'StoreFile' }>;

export interface IntakeDeps {
  readonly blobs: BlobStore;
  readonly wrapper: KeyWrapper;
  readonly newId: () => string;
  /** Bytes of plaintext of one file. */
  readonly maxFileBytes: number;
}

type Refused = { readonly ok: false; readonly rejection: Rejection };
/** What to record; or the answer, when nothing is to be. */
type Intake<Answer> =
  | { readonly what: 'taken'; readonly command: StoreFile }
  | { readonly what: 'not-kept'; readonly answer: Answer | Refused };

/** The sender's side failed: told apart from a failure of the store, which is ours. */
class SourceError extends Error {}
class TooLargeError extends Error {}

async function* guarded(source: AsyncIterable<Uint8Array>, max: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > max) throw new TooLargeError();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof TooLargeError) throw error;
    throw new SourceError('the upload was cut', { cause: error });
  }
}

function mismatch(declared: Upload, { sha256, size }: Measure): ReturnType<typeof reject> | null {
  if (declared.size !== null && size < declared.size)
    return reject(
      'upload-incomplete',
      `${size} of ${declared.size} bytes came`,
      'Send the whole file again.',
      { expected: declared.size, actual: size },
    );
  if (sha256 === declared.sha256 && (declared.size === null || size === declared.size)) return null;
  return reject(
    'digest-mismatch',
    `the bytes that came have the SHA-256 ${sha256}, not ${declared.sha256}`,
    'Check the digest that was declared, and send the file again.',
    { expected: declared.sha256, actual: sha256 },
  );
}

const notKept = (answer: Refused) => ({ what: 'not-kept', answer }) as const;

/**
 * Streams an upload into the store. When it resolves with a command, the ciphertext is durable under its
 * digest; when it is refused or throws, nothing is left of it.
 * @param judge the answer when the file is not wanted any more: asked when all has come, which may be hours later.
 * @throws what the blob store, the key wrapper or `judge` throws.
 */
export async function takeIn<Answer>(
  deps: IntakeDeps,
  artifactId: string,
  upload: Upload,
  judge: () => Promise<Answer | null>,
): Promise<Intake<Answer>> {
  const secret = newContentKey(deps.newId());
  const encryption = encrypt(guarded(upload.bytes, deps.maxFileBytes), secret);
  const blob = await deps.blobs.begin();
  try {
    for await (const chunk of encryption.chunks) await blob.write(chunk);
    const { plaintext, ciphertext } = encryption.measured();
    const answer = mismatch(upload, plaintext) ?? (await judge());
    if (answer !== null) {
      await blob.abort();
      return { what: 'not-kept', answer };
    }
    const context = wrapContext(artifactId, upload.fileName, secret.fileId);
    const value = await deps.wrapper.wrap(secret.key, context);
    await blob.commit(ciphertext.sha256);
    return {
      what: 'taken',
      command: {
        type: 'StoreFile',
        name: upload.fileName,
        ...plaintext,
        ciphertext,
        fileId: secret.fileId,
        wrappedKey: { masterKeyId: deps.wrapper.masterKeyId, value },
      },
    };
  } catch (error) {
    await blob.abort();
    if (error instanceof TooLargeError)
      return notKept(
        reject('body-too-large', `a file may have at most ${deps.maxFileBytes} bytes`, 'Split it.'),
      );
    if (error instanceof SourceError)
      return notKept(reject('upload-incomplete', 'the upload was cut off', 'Send the whole file again.'));
    throw error;
  }
}

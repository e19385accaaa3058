/** The bytes of one recorded file: opened, and checked against what the log says of them. */
import type { BlobStore, KeyWrapper } from '../ports/artifact-store.ts';
import { type ContentKey, createMeter, decrypt } from './cipher.ts';

/** What FileStored says. */
export interface StoredFile {
  readonly name: string;
  /** Plaintext. */
  readonly size: number;
  readonly sha256: string;
  readonly ciphertext: { readonly sha256: string; readonly size: number };
  readonly fileId: string;
  readonly wrappedKey: { readonly masterKeyId: string; readonly value: string };
}

/** What a wrapped content key is bound to. */
export const wrapContext = (artifactId: string, fileName: string, fileId: string): string =>
  `${artifactId}/${fileName}/${fileId}`;

/** @throws Error when the wrapped key was altered, or its master key is not there. */
export async function unwrapFileKey(
  wrapper: KeyWrapper,
  artifactId: string,
  file: StoredFile,
): Promise<ContentKey> {
  const context = wrapContext(artifactId, file.name, file.fileId);
  const key = await wrapper.unwrap(file.wrappedKey.value, context, file.wrappedKey.masterKeyId);
  return { fileId: file.fileId, key };
}

/**
 * Reads a file back from the store, decrypts it and compares sizes and digests of ciphertext and plaintext
 * with the log. Null when all is well, else what is wrong, in words.
 */
export async function fileProblem(
  deps: { readonly blobs: BlobStore; readonly wrapper: KeyWrapper },
  artifactId: string,
  file: StoredFile,
): Promise<string | null> {
  const { sha256, size } = file.ciphertext;
  const sealed = createMeter();
  const plain = createMeter();
  async function* metered(): AsyncGenerator<Uint8Array> {
    for await (const chunk of deps.blobs.read(sha256)) {
      sealed.add(chunk);
      yield chunk;
    }
  }
  try {
    const stored = await deps.blobs.size(sha256);
    if (stored === null) return `${file.name}: the ciphertext ${sha256} is not in the store`;
    if (stored !== size) return `${file.name}: the ciphertext has ${stored} bytes instead of ${size}`;
    const secret = await unwrapFileKey(deps.wrapper, artifactId, file);
    for await (const bytes of decrypt(metered(), secret)) plain.add(bytes);
  } catch (error) {
    return `${file.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (sealed.measure().sha256 !== sha256) return `${file.name}: the ciphertext has another digest`;
  if (plain.measure().sha256 !== file.sha256 || plain.measure().size !== file.size)
    return `${file.name}: the plaintext has another digest or size`;
  return null;
}

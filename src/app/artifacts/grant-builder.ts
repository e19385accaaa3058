/** Makes the secret part of grants: content keys, and a token for exactly the files of the offer. */
import { artifactDecider } from '../../domain/artifact/decide.ts';
import type { Artifact } from '../../domain/artifact/state.ts';
import { artifactStream } from '../../domain/shared/streams.ts';
import { foldStream } from '../handle-command.ts';
import type { KeyWrapper } from '../ports/artifact-store.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { GrantBuilder, GrantContent, GrantRequest } from '../ports/grants.ts';
import type { KeyRing } from '../ports/keys.ts';
import { issueContentToken } from './content-token.ts';
import { unwrapFileKey } from './stored-file.ts';

export interface GrantBuilderDeps {
  readonly store: Pick<EventStore, 'readStreams'>;
  readonly wrapper: KeyWrapper;
  readonly tokenKeys: KeyRing;
  /** Where vehicles reach the HTTP API, without a slash at the end. Known only when it listens. */
  readonly contentBase: () => string;
  /** How long a token is valid, seconds. */
  readonly valid_s: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type GrantFile = GrantContent['files'][number];

/** Unwrapped keys kept at hand: a campaign asks for the same few again and again. */
const KEPT_KEYS = 1024;

export function createGrantBuilder(deps: GrantBuilderDeps): GrantBuilder {
  const keys = new Map<string, string>();

  async function keyOf(artifactId: string, file: Artifact['files'][number]): Promise<string> {
    const kept = keys.get(file.fileId);
    if (kept !== undefined) return kept;
    const { key } = await unwrapFileKey(deps.wrapper, artifactId, file);
    const base64 = Buffer.from(key).toString('base64');
    const oldest = keys.size >= KEPT_KEYS ? keys.keys().next() : null;
    if (oldest !== null && oldest.done !== true) keys.delete(oldest.value);
    keys.set(file.fileId, base64);
    return base64;
  }

  /** Read anew at each call, so that what was withdrawn is not granted; null when it may not be used. */
  async function filesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly GrantFile[] | null>> {
    const streams = await deps.store.readStreams(ids.map(artifactStream));
    const files = ids.map(async (artifactId, index) => {
      const { state } = foldStream(artifactDecider, streams[index] ?? []);
      if (state.stage !== 'released' && state.stage !== 'deprecated') return null;
      return Promise.all(
        state.files.map(async (file) => ({
          artifactId,
          name: file.name,
          fileId: file.fileId,
          key: await keyOf(artifactId, file),
          ciphertext: { sha256: file.ciphertext.sha256, size: file.ciphertext.size },
        })),
      );
    });
    const all = await Promise.all(files);
    return new Map(ids.map((id, index) => [id, all[index] ?? null]));
  }

  return {
    async build(requests: readonly GrantRequest[]) {
      const ids = [...new Set(requests.flatMap(({ artifacts }) => artifacts))];
      const known = await filesOf(ids);
      const expiresAt = deps.now() + deps.valid_s * 1000;
      return requests.map(({ vehicleId, artifacts }): GrantContent | null => {
        const files: GrantFile[] = [];
        for (const id of artifacts) {
          const some = known.get(id) ?? null;
          if (some === null) return null;
          files.push(...some);
        }
        const sha256s = files.map(({ ciphertext }) => ciphertext.sha256);
        return {
          token: issueContentToken(deps.tokenKeys, { vehicleId, sha256s, expiresAt }),
          expiresAt: new Date(expiresAt).toISOString(),
          contentBase: deps.contentBase(),
          files,
        };
      });
    },
  };
}

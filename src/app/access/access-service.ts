/** Who may come in: keys are checked in memory, made and revoked through the `access` stream. */

import type { AccessCommand } from '../../domain/access/commands.ts';
import { accessDecider } from '../../domain/access/decide.ts';
import type { Role } from '../../domain/access/events.ts';
import { ACCESS_STREAM } from '../../domain/shared/streams.ts';
import { type CommandEnvelope, type CommandOutcome, handleCommand, type Runtime } from '../handle-command.ts';
import { hashOf, keyIdOf, newApiKey, newKeyId, sameHash } from './api-key.ts';
import { type KeyEntry, KeyRing } from './key-ring.ts';
import { type Refusal, RefusalLog } from './refusal-log.ts';
import { endOf, type Session } from './session.ts';

/** The person behind a request. */
export interface Principal {
  readonly keyId: string;
  readonly person: string;
  readonly roles: readonly Role[];
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | {
      readonly ok: false;
      readonly why: 'unknown-key' | 'revoked-key';
      readonly keyId: string | null;
      readonly person: string | null;
    };

export type KeyView = Omit<KeyEntry, 'hash'>;

export interface AccessService {
  /** Whose key it is. Synchronous: the keys are in memory. */
  authenticate(key: string): Authentication;
  /** Whose key has this id; null when there is none, or no more. Synchronous as well. */
  principalOf(keyId: string): Principal | null;
  /** Makes a key and waits until it is accepted here. `key` is its text: shown to the caller, kept nowhere. */
  addKey(
    person: string,
    roles: readonly Role[],
    envelope: CommandEnvelope,
  ): Promise<{ readonly outcome: CommandOutcome<unknown>; readonly keyId: string; readonly key: string }>;
  revokeKey(keyId: string, reason: string, envelope: CommandEnvelope): Promise<CommandOutcome<unknown>>;
  /** Ends a session before its time, in every browser and process that has it. */
  endSession(session: Session, envelope: CommandEnvelope): Promise<CommandOutcome<unknown>>;
  /** Has it been ended? Synchronous as well. */
  hasEnded(session: Session): boolean;
  list(): readonly KeyView[];
  /** Recorded behind the answer, and only as many as can't fill the log. */
  recordRefusal(refusal: Refusal): void;
}

export interface RunningAccess extends AccessService {
  /**
   * Makes the key of the first admin when there is no key at all; null otherwise. `keep` puts it where its owner
   * finds it, before it counts: a crash in between leaves a key that opens nothing, not a door without a key.
   */
  ensureFirstAdmin(person: string, keep: (key: string) => Promise<void>): Promise<string | null>;
  /** Refusals that were too many to record, since the start. */
  refusalsLeftOut(): number;
  /** Resolves when everything taken is recorded and nothing is followed any more. */
  stop(): Promise<void>;
}

/** Compared with when a key id is unknown, so that the answer takes as long as with a known one. */
const NOBODY = '0'.repeat(64);

/** Starts following the `access` stream; resolves when every key in the log is known. */
export async function startAccess(
  runtime: Runtime,
  onError: (error: unknown) => void,
): Promise<RunningAccess> {
  const ring = new KeyRing();
  await ring.start(runtime.store, onError);
  const refusals = new RefusalLog(runtime, () => ring.revision, onError);

  const settle = async (outcome: CommandOutcome<unknown>): Promise<CommandOutcome<unknown>> => {
    if (outcome.ok && outcome.position !== null) await ring.reached(outcome.position);
    return outcome;
  };

  const record = async (
    { keyId, key }: { readonly keyId: string; readonly key: string },
    person: string,
    roles: readonly Role[],
    envelope: CommandEnvelope,
  ) => {
    const command: AccessCommand = {
      type: 'AddApiKey',
      keyId,
      person,
      roles: [...roles],
      hash: hashOf(key),
    };
    const outcome = await handleCommand(runtime, ACCESS_STREAM, accessDecider, command, envelope, {});
    return { outcome: await settle(outcome), keyId, key };
  };
  const newKey = (seed: string | null) => {
    const keyId = newKeyId(seed);
    return { keyId, key: newApiKey(keyId) };
  };
  const addKey: AccessService['addKey'] = (person, roles, envelope) =>
    record(newKey(envelope.command?.id ?? null), person, roles, envelope);

  return {
    addKey,
    authenticate: (key) => authenticate(ring, key),
    principalOf: (keyId) => {
      const entry = ring.get(keyId);
      if (entry === undefined || entry.revoked) return null;
      return { keyId, person: entry.person, roles: entry.roles };
    },
    revokeKey: async (keyId, reason, envelope) => {
      const command = { type: 'RevokeApiKey', keyId, reason } as const;
      return settle(await handleCommand(runtime, ACCESS_STREAM, accessDecider, command, envelope, {}));
    },
    endSession: async (session, envelope) => {
      const { sessionId, keyId } = session;
      const until = new Date(endOf(session)).toISOString();
      const command = { type: 'EndSession', sessionId, keyId, until } as const;
      return settle(await handleCommand(runtime, ACCESS_STREAM, accessDecider, command, envelope, {}));
    },
    hasEnded: ({ sessionId }) => ring.hasEnded(sessionId),
    list: () => ring.list().map(({ hash: _hash, ...view }) => view),
    recordRefusal: (refusal) => refusals.record(refusal),
    refusalsLeftOut: () => refusals.leftOut,
    ensureFirstAdmin: async (person, keep) => {
      if (ring.list().length > 0) return null;
      const actor = { kind: 'system', id: 'first-start' } as const;
      const made = newKey(null);
      await keep(made.key);
      const added = await record(made, person, ['admin'], { actor, source: 'system' });
      if (!added.outcome.ok)
        throw new Error(`the first key could not be made: ${added.outcome.rejection.message}`);
      return added.key;
    },
    stop: async () => {
      await refusals.flush();
      await ring.stop();
    },
  };
}

function authenticate(ring: KeyRing, key: string): Authentication {
  const keyId = keyIdOf(key);
  const entry = keyId === null ? undefined : ring.get(keyId);
  const matches = sameHash(entry?.hash ?? NOBODY, hashOf(key));
  if (entry === undefined || !matches) return { ok: false, why: 'unknown-key', keyId, person: null };
  const { person, roles } = entry;
  if (entry.revoked) return { ok: false, why: 'revoked-key', keyId: entry.keyId, person };
  return { ok: true, principal: { keyId: entry.keyId, person, roles } };
}

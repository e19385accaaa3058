/** API keys: added with a hash, revoked for ever; somebody can always still administer. */
import { sameData } from '../shared/canonical.ts';
import {
  type Actor,
  accept,
  type Decider,
  type Decision,
  type DecisionContext,
  reject,
} from '../shared/decider.ts';
import type { AccessCommand } from './commands.ts';
import type { AccessEvent } from './events.ts';
import { type AccessState, evolveAccess, hasEnded, isLastAdminKey, noKeys } from './state.ts';

function decide(
  state: AccessState,
  command: AccessCommand,
  { actor, now }: DecisionContext,
): Decision<AccessEvent> {
  switch (command.type) {
    case 'AddApiKey':
      return add(state, command, actor);
    case 'RevokeApiKey':
      return revoke(state, command, actor);
    case 'EndSession': {
      const { sessionId, keyId, until } = command;
      return hasEnded(state, sessionId)
        ? accept()
        : accept({ type: 'SessionEnded', data: { sessionId, keyId, at: now, until, by: actor.id } });
    }
  }
}

type Command<T extends AccessCommand['type']> = Extract<AccessCommand, { type: T }>;

function add(state: AccessState, command: Command<'AddApiKey'>, actor: Actor): Decision<AccessEvent> {
  const { keyId, person, hash } = command;
  const known = state.keys.get(keyId);
  const roles = [...new Set(command.roles)].sort();
  if (known === undefined)
    return accept({ type: 'ApiKeyAdded', data: { keyId, person, roles, hash, by: actor.id } });
  return sameData({ ...known, revoked: false }, { keyId, person, roles, hash, revoked: false })
    ? accept()
    : reject('key-exists', `there is a key ${keyId} already`, 'Add a key with a new id.');
}

function revoke(
  state: AccessState,
  { keyId, reason }: Command<'RevokeApiKey'>,
  actor: Actor,
): Decision<AccessEvent> {
  const known = state.keys.get(keyId);
  if (known === undefined)
    return reject('key-not-found', `there is no key ${keyId}`, 'List the keys to see their ids.');
  if (known.revoked) return accept();
  if (isLastAdminKey(state, keyId))
    return reject(
      'last-admin-key',
      `${keyId} is the last key with the role admin`,
      'Add another admin key first.',
    );
  return accept({ type: 'ApiKeyRevoked', data: { keyId, reason, by: actor.id } });
}

export const accessDecider: Decider<AccessState, AccessCommand, AccessEvent> = {
  initialState: noKeys,
  decide,
  evolve: evolveAccess,
};

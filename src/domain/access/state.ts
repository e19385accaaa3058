import type { AccessEvent, Role } from './events.ts';

export interface ApiKey {
  readonly keyId: string;
  readonly person: string;
  readonly roles: readonly Role[];
  readonly hash: string;
  readonly revoked: boolean;
}
/** Every key there ever was, by id. Refusals are on record but decide nothing. */
export interface AccessState {
  readonly keys: ReadonlyMap<string, ApiKey>;
  readonly endedSessions: EndedSessions | null;
}
/** Every session that was ended early, newest first: a list that grows by what is new, so that folding copies nothing. */
export interface EndedSessions {
  readonly sessionId: string;
  readonly before: EndedSessions | null;
}
export const noKeys: AccessState = { keys: new Map(), endedSessions: null };

export function hasEnded({ endedSessions }: AccessState, sessionId: string): boolean {
  for (let one = endedSessions; one !== null; one = one.before) if (one.sessionId === sessionId) return true;
  return false;
}

export function evolveAccess(state: AccessState, event: AccessEvent): AccessState {
  switch (event.type) {
    case 'ApiKeyAdded': {
      const { by: _, ...key } = event.data;
      return { ...state, keys: new Map(state.keys).set(key.keyId, { ...key, revoked: false }) };
    }
    case 'ApiKeyRevoked': {
      const key = state.keys.get(event.data.keyId);
      return key === undefined
        ? state
        : { ...state, keys: new Map(state.keys).set(key.keyId, { ...key, revoked: true }) };
    }
    case 'SessionEnded':
      return { ...state, endedSessions: { sessionId: event.data.sessionId, before: state.endedSessions } };
    case 'AccessRefused':
      return state;
  }
}

export const isLastAdminKey = (state: AccessState, keyId: string): boolean => {
  const admins = [...state.keys.values()].filter((key) => !key.revoked && key.roles.includes('admin'));
  return admins.length === 1 && admins[0]?.keyId === keyId;
};

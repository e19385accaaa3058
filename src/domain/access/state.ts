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
  readonly endedSessions: EndedSessions;
}
/** When each session that was ended early would have ended in any case, by its id. */
export type EndedSessions = ReadonlyMap<string, string>;
export const noKeys: AccessState = { keys: new Map(), endedSessions: new Map() };

/** Forgets those that nobody could come back with. */
export function withEnded(
  ended: EndedSessions,
  { sessionId, at, until }: Extract<AccessEvent, { type: 'SessionEnded' }>['data'],
): EndedSessions {
  return new Map([...[...ended].filter(([, end]) => end > at), [sessionId, until]]);
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
      return { ...state, endedSessions: withEnded(state.endedSessions, event.data) };
    case 'AccessRefused':
      return state;
  }
}

export const isLastAdminKey = (state: AccessState, keyId: string): boolean => {
  const admins = [...state.keys.values()].filter((key) => !key.revoked && key.roles.includes('admin'));
  return admins.length === 1 && admins[0]?.keyId === keyId;
};

import { describe, expect, it } from 'vitest';
import { accessDecider } from '../../../src/domain/access/decide.ts';
import type { AccessEvent, Role } from '../../../src/domain/access/events.ts';
import { hasEnded } from '../../../src/domain/access/state.ts';
import { fold, NOW, specify } from '../../support/decider-spec.ts';

const hash = 'ab'.repeat(32);
const added = (keyId: string, roles: Role[], person = 'bob'): AccessEvent => ({
  type: 'ApiKeyAdded',
  data: { keyId, person, roles, hash, by: 'ada' },
});
const revoked = (keyId: string): AccessEvent => ({
  type: 'ApiKeyRevoked',
  data: { keyId, reason: 'left', by: 'ada' },
});
const add = (keyId: string, roles: Role[], person = 'bob') =>
  ({ type: 'AddApiKey', keyId, person, roles, hash }) as const;
const revoke = (keyId: string) => ({ type: 'RevokeApiKey', keyId, reason: 'left' }) as const;
const refused: AccessEvent = {
  type: 'AccessRefused',
  data: { keyId: null, person: null, method: 'GET', path: '/v1/keys', why: 'unknown-key' },
};

const ended = (sessionId: string, at: string, until: string): AccessEvent => ({
  type: 'SessionEnded',
  data: { sessionId, keyId: 'k1', at, until, by: 'ada' },
});
const [FIRST, SECOND] = ['7f9c24e8-3b12-4fef-91e0-56a2d5f1a001', '7f9c24e8-3b12-4fef-91e0-56a2d5f1a002'];

describe('API keys', () => {
  specify(accessDecider, [
    { it: 'are added', when: add('k1', ['planner']), gives: [added('k1', ['planner'])] },
    {
      it: 'have each role once',
      when: add('k1', ['planner', 'developer', 'planner']),
      gives: [added('k1', ['developer', 'planner'])],
    },
    { it: 'are not added twice', given: [added('k1', ['planner'])], when: add('k1', ['planner']), gives: [] },
    {
      it: 'do not come back when added again',
      given: [added('k1', ['planner']), revoked('k1')],
      when: add('k1', ['planner']),
      gives: [],
    },
    {
      it: 'do not change hands',
      given: [added('k1', ['planner'])],
      when: add('k1', ['planner'], 'eve'),
      gives: 'key-exists',
    },
    {
      it: 'are revoked',
      given: [added('k0', ['admin']), added('k1', ['planner']), refused],
      when: revoke('k1'),
      gives: [revoked('k1')],
    },
    { it: 'must be known to be revoked', when: revoke('k1'), gives: 'key-not-found' },
    {
      it: 'leave one admin',
      given: [added('k0', ['admin']), added('k1', ['admin']), revoked('k1')],
      when: revoke('k0'),
      gives: 'last-admin-key',
    },
    {
      it: 'of one of two admins may go',
      given: [added('k0', ['admin']), added('k1', ['admin', 'planner'])],
      when: revoke('k0'),
      gives: [revoked('k0')],
    },
  ]);

  it('are kept as hashes', () => {
    const { keys } = fold(accessDecider, [added('k1', ['admin']), revoked('k1'), revoked('k9')]);
    expect([...keys.values()]).toEqual([
      { keyId: 'k1', person: 'bob', roles: ['admin'], hash, revoked: true },
    ]);
  });
});

describe('sessions', () => {
  const week = '2027-03-08T12:00:00.000Z';
  const end = (sessionId: string) => ({ type: 'EndSession', sessionId, keyId: 'k1', until: week }) as const;
  specify(accessDecider, [
    { it: 'end', when: end(FIRST), gives: [ended(FIRST, NOW, week)] },
    { it: 'end once', given: [ended(FIRST, NOW, week)], when: end(FIRST), gives: [] },
    {
      it: 'end each for itself',
      given: [ended(FIRST, NOW, week)],
      when: end(SECOND),
      gives: [ended(SECOND, NOW, week)],
    },
  ]);

  it('are known one by one, also among many', () => {
    const many = Array.from({ length: 20_000 }, (_, n) => ended(`${n}`, NOW, week));
    const state = fold(accessDecider, [ended(FIRST, NOW, week), ...many]);
    expect([hasEnded(state, FIRST), hasEnded(state, SECOND)]).toEqual([true, false]);
  });
});

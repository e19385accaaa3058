import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArtifactCommand, artifactCommand } from '../../../src/domain/artifact/commands.ts';
import { artifactDecider, manifestDigestOf } from '../../../src/domain/artifact/decide.ts';
import type { ArtifactEvent, ValidationCheck } from '../../../src/domain/artifact/events.ts';
import { artifactNameDecider } from '../../../src/domain/artifact/name-decider.ts';
import { manifestOf } from '../../../src/domain/artifact/state.ts';
import { canonicalJson } from '../../../src/domain/shared/canonical.ts';
import { canonicalJson as protocolJson } from '../../../src/protocol/canonical.ts';
import { manifest } from '../../../src/protocol/messages.ts';
import { fold, NOW, person, specify, testContext } from '../../support/decider-spec.ts';

const id = 'tcm-main@2.0.0';
type Command<T extends ArtifactCommand['type']> = Extract<ArtifactCommand, { type: T }>;
const parse = <T extends ArtifactCommand['type']>(command: { type: T; [field: string]: unknown }) =>
  artifactCommand.parse(command) as Command<T>;

const register = (changes: object = {}) =>
  parse({
    type: 'RegisterArtifact',
    name: 'tcm-main',
    version: '2.0.0',
    kind: 'firmware',
    target: { ecuType: 'TCM', component: 'main' },
    releaseType: 'routine',
    requirements: { previousSoftware: { range: '<2.0.0' } },
    ...changes,
  });
const registered = (changes: object = {}, by = 'ada'): ArtifactEvent => {
  const { type: _, ...data } = register(changes);
  return { type: 'ArtifactRegistered', data: { artifactId: `${data.name}@${data.version}`, ...data, by } };
};
const sha = (letter: string) => letter.repeat(64);
const file = (name = 'image.bin', digest = sha('a')) =>
  parse({
    type: 'StoreFile',
    name,
    size: 10,
    sha256: digest,
    ciphertext: { sha256: sha('c'), size: 26 },
    fileId: '00000000-0000-4000-8000-000000000001',
    wrappedKey: { masterKeyId: 'm1', value: 'AAAA' },
  });
const stored = (name = 'image.bin', digest = sha('a'), by = 'ada'): ArtifactEvent => {
  const { type: _, ...data } = file(name, digest);
  return { type: 'FileStored', data: { artifactId: id, ...data, by } };
};

const digestOf = (events: readonly ArtifactEvent[]): string => {
  const state = fold(artifactDecider, events);
  if (state.stage === 'none') throw new Error('no artifact');
  return manifestDigestOf(state, testContext().digest);
};
const withFile = [registered(), stored()];
const digest = digestOf(withFile);
const signature = { keyId: 'k', alg: 'ed25519' as const, value: 'AAAA' };
const check: ValidationCheck = { name: 'digests', passed: true, detail: '' };
const validate = (changes: object = {}) =>
  parse({
    type: 'ValidateArtifact',
    checks: [check],
    tool: 'hil 3',
    reportDigest: null,
    toolVerdict: 'passed',
    manifestDigest: digest,
    signatures: [signature],
    ...changes,
  });
const validated = (verdict: 'passed' | 'failed' = 'passed', checks = [check]): ArtifactEvent => ({
  type: 'ArtifactValidated',
  data: {
    artifactId: id,
    checks: [...checks, { name: 'tool', passed: true, detail: 'hil 3' }],
    tool: 'hil 3',
    reportDigest: null,
    verdict,
    manifestDigest: digest,
    signatures: [signature],
    by: 'bob',
  },
});
const release = (changes: object = {}) =>
  parse({ type: 'ReleaseArtifact', manifestDigest: digest, signatures: [signature], ...changes });
const released: ArtifactEvent = {
  type: 'ArtifactReleased',
  data: { artifactId: id, manifestDigest: digest, signatures: [signature], by: 'bob' },
};
const deprecate = parse({ type: 'DeprecateArtifact', reason: 'old' });
const withdraw = parse({ type: 'WithdrawArtifact', reason: 'bricks' });
const deprecated: ArtifactEvent = {
  type: 'ArtifactDeprecated',
  data: { artifactId: id, reason: 'old', by: 'bob' },
};
const withdrawn: ArtifactEvent = {
  type: 'ArtifactWithdrawn',
  data: { artifactId: id, reason: 'bricks', by: 'bob' },
};
const failedCheck: ValidationCheck = { name: 'signatures', passed: false, detail: 'unknown key' };
const ready = [...withFile, validated()];
const by = person('bob');

describe('registering an artifact', () => {
  specify(artifactDecider, [
    { it: 'records it', when: register(), gives: [registered()] },
    { it: 'again changes nothing', given: [registered()], when: register(), gives: [] },
    { it: 'again by another person changes nothing', given: ready, when: register(), by, gives: [] },
    {
      it: 'again with other data is refused',
      given: [registered()],
      when: register({ kind: 'application' }),
      gives: 'artifact-exists',
    },
    {
      it: 'needs a semantic version',
      when: register({ version: '2024w12' }),
      gives: 'version-not-semver',
    },
    {
      it: 'takes any version in the exact scheme',
      when: register({ version: '2024w12', versionScheme: 'exact' }),
      gives: [registered({ version: '2024w12', versionScheme: 'exact' })],
    },
    {
      it: 'needs readable ranges',
      when: register({ requirements: { hardware: [{ part: 'P', versions: { range: 'newest' } }] } }),
      gives: 'invalid-range',
    },
    {
      it: 'may supersede another version',
      when: register({ supersedes: 'tcm-main@1.9.0' }),
      gives: [registered({ supersedes: 'tcm-main@1.9.0' })],
    },
    {
      it: 'can not supersede itself',
      when: register({ supersedes: id }),
      gives: 'invalid-supersedes',
    },
    {
      it: 'can not supersede another name',
      when: register({ supersedes: 'gw-main@1.0.0' }),
      gives: 'invalid-supersedes',
    },
  ]);
});

describe('storing files', () => {
  const eight = Array.from({ length: 8 }, (_, i) => stored(`f${i}`));
  specify(artifactDecider, [
    { it: 'needs an artifact', when: file(), gives: 'artifact-not-found' },
    { it: 'records a file', given: [registered()], when: file(), gives: [stored()] },
    { it: 'of the same digest changes nothing', given: ready, when: file(), gives: [] },
    {
      it: 'of another digest is refused',
      given: withFile,
      when: file('image.bin', sha('b')),
      gives: 'file-differs',
    },
    { it: 'ends at eight', given: [registered(), ...eight], when: file('f8'), gives: 'too-many-files' },
    { it: 'ends with the validation', given: ready, when: file('more.bin'), gives: 'artifact-frozen' },
    {
      it: 'is possible after a failed validation',
      given: [...withFile, validated('failed', [failedCheck])],
      when: file('more.bin'),
      gives: [stored('more.bin')],
    },
  ]);
});

describe('validating', () => {
  specify(artifactDecider, [
    { it: 'records checks and verdict', given: withFile, when: validate(), by, gives: [validated()] },
    { it: 'needs files', given: [registered()], when: validate(), by, gives: 'no-files' },
    { it: 'is not for who registered it', given: withFile, when: validate(), gives: 'four-eyes' },
    {
      it: 'is not for who stored a file',
      given: [registered(), stored('image.bin', sha('a'), 'bob')],
      when: validate(),
      by,
      gives: 'four-eyes',
    },
    {
      it: 'is not for services',
      given: withFile,
      when: validate(),
      by: { kind: 'service', id: 'ci' },
      gives: 'person-required',
    },
    {
      it: 'fails when one check failed, whatever the tool says',
      given: withFile,
      when: validate({ checks: [failedCheck] }),
      by,
      gives: [validated('failed', [failedCheck])],
    },
    {
      it: 'fails when the tool says so',
      given: withFile,
      when: validate({ toolVerdict: 'failed' }),
      by,
      gives: [
        {
          type: 'ArtifactValidated',
          data: {
            ...(validated('failed').data as Extract<ArtifactEvent, { type: 'ArtifactValidated' }>['data']),
            checks: [check, { name: 'tool', passed: false, detail: 'hil 3' }],
          },
        },
      ],
    },
    {
      it: 'may be done again after it failed',
      given: [...withFile, validated('failed', [failedCheck])],
      when: validate(),
      by,
      gives: [validated()],
    },
    {
      it: 'may find a fault until the release',
      given: ready,
      when: validate({ checks: [failedCheck] }),
      by,
      gives: [validated('failed', [failedCheck])],
    },
    {
      it: 'is of the manifest as it is now',
      given: [...withFile, stored('late.bin')],
      when: validate(),
      by,
      gives: 'manifest-changed',
    },
    {
      it: 'is over with the release',
      given: [...ready, released],
      when: validate({ checks: [failedCheck] }),
      by,
      gives: 'artifact-released',
    },
  ]);
});

describe('releasing', () => {
  specify(artifactDecider, [
    { it: 'needs a validation', given: withFile, when: release(), by, gives: 'not-validated' },
    {
      it: 'needs one that passed',
      given: [...withFile, validated('failed', [failedCheck])],
      when: release(),
      by,
      gives: 'validation-failed',
    },
    {
      it: 'can not override a later failure',
      given: [...ready, validated('failed', [failedCheck])],
      when: release(),
      by,
      gives: 'validation-failed',
    },
    { it: 'records what was validated', given: ready, when: release(), by, gives: [released] },
    {
      it: 'refuses another manifest',
      given: ready,
      when: release({ manifestDigest: sha('f') }),
      by,
      gives: 'manifest-not-validated',
    },
    {
      it: 'is for persons',
      given: ready,
      when: release(),
      by: { kind: 'service', id: 'ci' },
      gives: 'person-required',
    },
    {
      it: 'with other signatures is refused once released',
      given: [...ready, released],
      when: release({ signatures: [{ ...signature, keyId: 'other' }] }),
      by,
      gives: 'artifact-released',
    },
    {
      it: 'is not possible after the withdrawal',
      given: [...ready, withdrawn],
      when: release(),
      by,
      gives: 'artifact-withdrawn',
    },
  ]);

  it('needs a signature', () => {
    expect(() => release({ signatures: [] })).toThrow();
  });
});

describe('the end of an artifact', () => {
  specify(artifactDecider, [
    { it: 'deprecates', given: [...ready, released], when: deprecate, by, gives: [deprecated] },
    { it: 'deprecates only what is released', given: ready, when: deprecate, by, gives: 'not-released' },
    {
      it: 'does not deprecate what is withdrawn',
      given: [...ready, withdrawn],
      when: deprecate,
      by,
      gives: 'artifact-withdrawn',
    },
    { it: 'withdraws what is validated', given: ready, when: withdraw, by, gives: [withdrawn] },
    { it: 'withdraws what is released', given: [...ready, released], when: withdraw, by, gives: [withdrawn] },
    {
      it: 'withdraws what is deprecated',
      given: [...ready, released, deprecated],
      when: withdraw,
      by,
      gives: [withdrawn],
    },
    {
      it: 'has nothing to withdraw before the validation',
      given: withFile,
      when: withdraw,
      by,
      gives: 'not-validated',
    },
    { it: 'needs an artifact', when: withdraw, by, gives: 'artifact-not-found' },
  ]);
});

describe('the manifest', () => {
  const state = fold(artifactDecider, [registered(), stored('z.bin'), stored('a.bin', sha('b'))]);
  if (state.stage === 'none') throw new Error('no artifact');

  it('has the shape of the vehicle protocol, files by name', () => {
    expect(manifest.parse(manifestOf(state)).files.map((one) => one.name)).toEqual(['a.bin', 'z.bin']);
    expect(Object.keys(manifestOf(state)).sort()).toEqual(Object.keys(manifest.shape).sort());
  });

  it('does not depend on the order of the uploads', () => {
    expect(digestOf([registered(), stored('a.bin', sha('b')), stored('z.bin')])).toBe(
      digestOf([registered(), stored('z.bin'), stored('a.bin', sha('b'))]),
    );
  });

  it('is digested over the same text as the protocol writes', () => {
    expect(canonicalJson(manifestOf(state))).toBe(protocolJson(manifestOf(state)));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(value)).toBe(protocolJson(value));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a name', () => {
  const target = { ecuType: 'TCM', component: 'main' };
  const claim = { type: 'ClaimArtifactName', name: 'tcm-main', target } as const;
  const claimed = { type: 'ArtifactNameClaimed', data: { name: 'tcm-main', target, by: 'ada' } } as const;
  specify(artifactNameDecider, [
    { it: 'is claimed for a target', when: claim, gives: [claimed] },
    { it: 'stays with its target', given: [claimed], when: claim, by, gives: [] },
    {
      it: 'is not for another component',
      given: [claimed],
      when: { ...claim, target: { ...target, component: 'maps' } },
      gives: 'artifact-name-taken',
    },
  ]);
});

describe('properties', () => {
  const anyCommand = fc.constantFrom<ArtifactCommand>(
    register(),
    register({ kind: 'application' }),
    file(),
    file('other.bin'),
    file('image.bin', sha('b')),
    validate(),
    validate({ checks: [failedCheck] }),
    release(),
    deprecate,
    withdraw,
  );
  const actor = fc.constantFrom(person('ada'), person('bob'), { kind: 'service', id: 'ci' } as const);

  it('whatever comes, a repeated command has no effect and only validated bytes are released', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyCommand, actor), { maxLength: 20 }), (commands) => {
        let state = artifactDecider.initialState;
        for (const [command, who] of commands) {
          const context = testContext(who, NOW);
          const decision = artifactDecider.decide(state, command, context);
          if (!decision.ok) continue;
          state = decision.events.reduce(artifactDecider.evolve, state);
          expect(artifactDecider.decide(state, command, context)).toEqual({ ok: true, events: [] });
          if (state.stage !== 'released') continue;
          expect(state.validation?.verdict).toBe('passed');
          expect(state.release?.manifestDigest).toBe(manifestDigestOf(state, context.digest));
          expect([state.registeredBy, ...state.files.map((one) => one.by)]).not.toContain(
            state.validation?.by,
          );
        }
      }),
      { numRuns: 150 },
    );
  });
});

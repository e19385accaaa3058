/** Life of an artifact: registered → files stored → validated → released → deprecated or withdrawn. */
import { canonicalJson, sameData } from '../shared/canonical.ts';
import { accept, type Decider, type Decision, type DecisionContext, reject } from '../shared/decider.ts';
import type { ArtifactCommand } from './commands.ts';
import type { ArtifactEvent } from './events.ts';
import { judgeRegistration } from './registration.ts';
import { type Artifact, type ArtifactState, evolveArtifact, manifestOf, noArtifact } from './state.ts';

export const MAX_FILES = 8;

type Command<Type extends ArtifactCommand['type']> = Extract<ArtifactCommand, { type: Type }>;
type Result = Decision<ArtifactEvent>;

/** SHA-256 of the canonical manifest: what is validated, released, offered and installed. */
export const manifestDigestOf = (artifact: Artifact, digest: DecisionContext['digest']): string =>
  digest(canonicalJson(manifestOf(artifact)));

function decide(state: ArtifactState, command: ArtifactCommand, context: DecisionContext): Result {
  if (command.type === 'RegisterArtifact') return register(state, command, context);
  if (state.stage === 'none')
    return reject('artifact-not-found', 'there is no such artifact', 'Register it first.');
  switch (command.type) {
    case 'StoreFile':
      return store(state, command, context);
    case 'ValidateArtifact':
      return validate(state, command, context);
    case 'ReleaseArtifact':
      return release(state, command, context);
    case 'DeprecateArtifact':
      return deprecate(state, command, context);
    case 'WithdrawArtifact':
      return withdraw(state, command, context);
  }
}

export const artifactDecider: Decider<ArtifactState, ArtifactCommand, ArtifactEvent> = {
  initialState: noArtifact,
  decide,
  evolve: evolveArtifact,
};

function register(
  state: ArtifactState,
  command: Command<'RegisterArtifact'>,
  context: DecisionContext,
): Result {
  const { type: _, ...wanted } = command;
  const artifactId = `${command.name}@${command.version}`;
  if (state.stage !== 'none') {
    const { stage, registeredBy, files, validation, release, ending, artifactId: id, ...registered } = state;
    return sameData(registered, wanted)
      ? accept()
      : reject(
          'artifact-exists',
          `${artifactId} is registered with other data`,
          'Artifacts do not change: register a new version.',
        );
  }
  const problem = judgeRegistration(command);
  if (problem !== null) return { ok: false, rejection: problem };
  return accept({ type: 'ArtifactRegistered', data: { artifactId, ...wanted, by: context.actor.id } });
}

function store(state: Artifact, command: Command<'StoreFile'>, context: DecisionContext): Result {
  const { type: _, ...file } = command;
  const present = state.files.find((one) => one.name === file.name);
  if (present?.sha256 === file.sha256) return accept();
  if (present !== undefined)
    return reject(
      'file-differs',
      `${state.artifactId} has a file ${file.name} with another digest`,
      'Stored files are never replaced: use another file name, or register a new version.',
      { stored: present.sha256, given: file.sha256 },
    );
  if (state.stage !== 'registered')
    return reject(
      'artifact-frozen',
      `${state.artifactId} is ${state.stage}: its files are fixed`,
      'Register a new version.',
    );
  if (state.files.length >= MAX_FILES)
    return reject(
      'too-many-files',
      `${state.artifactId} has ${MAX_FILES} files, the most there can be`,
      'Pack several files into one.',
    );
  return accept({
    type: 'FileStored',
    data: { artifactId: state.artifactId, ...file, by: context.actor.id },
  });
}

const needsPerson = (what: string) =>
  reject('person-required', `only a person can ${what}`, 'Use the key of a person, not of a service.');

/** The manifest may have changed since the caller looked, for instance by a file stored in between. */
function changedManifest(state: Artifact, given: string, context: DecisionContext): Result | null {
  const current = manifestDigestOf(state, context.digest);
  if (given === current) return null;
  return reject(
    'manifest-changed',
    `the manifest of ${state.artifactId} is not the one that was looked at`,
    'Read the artifact again and repeat the checks.',
    { current, given },
  );
}

function validate(state: Artifact, command: Command<'ValidateArtifact'>, context: DecisionContext): Result {
  const { type: _, checks: own, toolVerdict, ...rest } = command;
  const toolCheck = { name: 'tool' as const, passed: toolVerdict === 'passed', detail: command.tool };
  const checks = [...own, toolCheck];
  const verdict = checks.every((check) => check.passed) ? ('passed' as const) : ('failed' as const);
  const validation = { ...rest, checks, verdict, by: context.actor.id };
  if (state.validation !== null && sameData(state.validation, validation)) return accept();
  if (state.stage !== 'registered' && state.stage !== 'validated')
    return reject(
      `artifact-${state.stage}`,
      `${state.artifactId} is ${state.stage} and not validated again`,
      'Register a new version.',
    );
  if (state.files.length === 0)
    return reject('no-files', `${state.artifactId} has no files`, 'Store its files first.');
  if (context.actor.kind !== 'person') return needsPerson('validate an artifact');
  const authors = new Set([state.registeredBy, ...state.files.map((file) => file.by)]);
  if (authors.has(context.actor.id))
    return reject(
      'four-eyes',
      `${context.actor.id} registered ${state.artifactId} or stored a file of it`,
      'Another person has to validate it.',
    );
  return (
    changedManifest(state, command.manifestDigest, context) ??
    accept({ type: 'ArtifactValidated', data: { artifactId: state.artifactId, ...validation } })
  );
}

function release(state: Artifact, command: Command<'ReleaseArtifact'>, context: DecisionContext): Result {
  const { manifestDigest, signatures } = command;
  if (state.stage === 'released')
    return state.release?.manifestDigest === manifestDigest && sameData(state.release.signatures, signatures)
      ? accept()
      : reject(
          'artifact-released',
          `${state.artifactId} is released with another manifest or other signatures`,
          'Register a new version.',
        );
  if (state.stage === 'deprecated' || state.stage === 'withdrawn')
    return reject(
      `artifact-${state.stage}`,
      `${state.artifactId} is ${state.stage} for ever`,
      'Register a new version.',
    );
  if (state.stage === 'registered' || state.validation === null)
    return state.validation === null
      ? reject('not-validated', `${state.artifactId} is not validated`, 'Have another person validate it.')
      : reject(
          'validation-failed',
          `the validation of ${state.artifactId} failed`,
          'A failed check can not be overridden: mend the cause and validate it again.',
          { failed: state.validation.checks.filter((check) => !check.passed) },
        );
  if (context.actor.kind !== 'person') return needsPerson('release an artifact');
  if (manifestDigest !== state.validation.manifestDigest)
    return reject(
      'manifest-not-validated',
      `the manifest to be released is not the one that was validated`,
      'Validate the artifact as it is now.',
      { validated: state.validation.manifestDigest, given: manifestDigest },
    );
  return (
    changedManifest(state, manifestDigest, context) ??
    accept({
      type: 'ArtifactReleased',
      data: { artifactId: state.artifactId, manifestDigest, signatures, by: context.actor.id },
    })
  );
}

function deprecate(state: Artifact, command: Command<'DeprecateArtifact'>, context: DecisionContext): Result {
  if (state.stage === 'deprecated') return accept();
  if (state.stage === 'withdrawn')
    return reject('artifact-withdrawn', `${state.artifactId} is withdrawn`, 'There is nothing left to do.');
  if (state.stage !== 'released')
    return reject(
      'not-released',
      `${state.artifactId} is not released`,
      'Only a released artifact can be deprecated; withdraw one that is only validated.',
    );
  return accept({
    type: 'ArtifactDeprecated',
    data: { artifactId: state.artifactId, reason: command.reason, by: context.actor.id },
  });
}

function withdraw(state: Artifact, command: Command<'WithdrawArtifact'>, context: DecisionContext): Result {
  if (state.stage === 'withdrawn') return accept();
  if (state.stage === 'registered')
    return reject(
      'not-validated',
      `${state.artifactId} is not validated, so no campaign can use it`,
      'There is nothing to withdraw: leave it as it is.',
    );
  return accept({
    type: 'ArtifactWithdrawn',
    data: { artifactId: state.artifactId, reason: command.reason, by: context.actor.id },
  });
}

/** The server's own checks of an artifact before it is validated. None of them can be overridden. */
import type { Signature, ValidationCheck } from '../../domain/artifact/events.ts';
import { type Artifact, manifestOf } from '../../domain/artifact/state.ts';
import type { BlobStore, KeyWrapper } from '../ports/artifact-store.ts';
import type { KeyRegistry } from '../ports/keys.ts';
import { manifestBytes, signatureProblem } from './signatures.ts';
import { fileProblem } from './stored-file.ts';

/** What is known of the fleet and the catalogue. */
export interface ValidationLookup {
  /** Whether a known vehicle has the component, or an artifact is for it. */
  targetIsKnown(ecuType: string, component: string): Promise<boolean>;
  /** Whether the ECUs of at least one known vehicle meet the artifact's target and requirements. */
  matchesAnyVehicle(artifact: Artifact): Promise<boolean>;
}

export interface CheckDeps {
  readonly blobs: BlobStore;
  readonly wrapper: KeyWrapper;
  readonly registry: KeyRegistry;
  readonly lookup: ValidationLookup;
}

/** What a check may say at most, characters. */
const MAX_DETAIL = 2000;

const verdict = (
  name: ValidationCheck['name'],
  problems: readonly string[],
  good: string,
): ValidationCheck => ({
  name,
  passed: problems.length === 0,
  detail: (problems.length === 0 ? good : problems.join('; ')).slice(0, MAX_DETAIL),
});

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const notNull = (problem: string | null): problem is string => problem !== null;

async function filesComplete({ blobs }: CheckDeps, artifact: Artifact): Promise<ValidationCheck> {
  const problems = artifact.files.length === 0 ? ['there are no files'] : [];
  for (const { name, ciphertext } of artifact.files) {
    const size = await blobs.size(ciphertext.sha256);
    if (size === null) problems.push(`${name} is not in the store`);
    else if (size !== ciphertext.size)
      problems.push(`${name} has ${size} bytes in the store instead of ${ciphertext.size}`);
  }
  return verdict(
    'files-complete',
    problems,
    plural(artifact.files.length, 'file is in the store', 'files are in the store'),
  );
}

/** One file after another: each is read whole, and this is no matter of seconds. */
async function digests(deps: CheckDeps, artifact: Artifact): Promise<ValidationCheck> {
  const problems: string[] = [];
  for (const file of artifact.files) {
    const problem = await fileProblem(deps, artifact.artifactId, file);
    if (problem !== null) problems.push(problem);
  }
  return verdict('digests', problems, 'the stored bytes decrypt to the digests that were declared');
}

/** What is wrong with signatures made outside; empty when all of them may be believed. */
export async function signatureProblems(
  registry: KeyRegistry,
  artifact: Artifact,
  signatures: readonly Signature[],
  at: string,
): Promise<readonly string[]> {
  if (signatures.length === 0) return [];
  const keys = await registry.keys();
  const bytes = manifestBytes(manifestOf(artifact));
  return signatures.map((signature) => signatureProblem(keys, bytes, signature, at)).filter(notNull);
}

async function dependencies({ lookup }: CheckDeps, artifact: Artifact): Promise<ValidationCheck> {
  const needed = artifact.requirements.dependencies;
  const problems = await Promise.all(
    needed.map(async ({ ecuType, component }) =>
      (await lookup.targetIsKnown(ecuType, component))
        ? null
        : `nothing is known of ${ecuType}/${component}: no artifact is for it and no vehicle has it`,
    ),
  );
  return verdict(
    'dependencies',
    problems.filter(notNull),
    plural(needed.length, 'dependency is known', 'dependencies are known'),
  );
}

async function requirementsMatch({ lookup }: CheckDeps, artifact: Artifact): Promise<ValidationCheck> {
  const { ecuType, component } = artifact.target;
  const matches = await lookup.matchesAnyVehicle(artifact);
  const problem = `no known vehicle has a ${ecuType}/${component} that meets the requirements`;
  return verdict('requirements-match', matches ? [] : [problem], 'at least one known vehicle can take it');
}

/** Runs all checks on the artifact as it is now; `at` is an instant, ISO 8601 UTC. */
export async function runChecks(
  deps: CheckDeps,
  artifact: Artifact,
  signatures: readonly Signature[],
  at: string,
): Promise<ValidationCheck[]> {
  const problems = await signatureProblems(deps.registry, artifact, signatures, at);
  return [
    await filesComplete(deps, artifact),
    await digests(deps, artifact),
    verdict(
      'signatures',
      problems,
      plural(signatures.length, 'signature made outside is good', 'signatures made outside are good'),
    ),
    await dependencies(deps, artifact),
    await requirementsMatch(deps, artifact),
  ];
}

/** What a registration must say beside its schema. */
import { type Rejection, reject } from '../shared/decider.ts';
import { nameOf } from '../shared/ids.ts';
import { isSemver, isVersionRange } from '../shared/version.ts';
import type { ArtifactCommand } from './commands.ts';
import type { Requirements, VersionConstraint } from './events.ts';

type RegisterArtifact = Extract<ArtifactCommand, { type: 'RegisterArtifact' }>;

/** Every version range of the requirements, by its path. */
function rangesOf(needs: Requirements): { readonly path: string; readonly range: string }[] {
  const sets: [string, VersionConstraint | null][] = [
    ['requirements.previousSoftware', needs.previousSoftware],
    ...needs.hardware.map(
      (entry, i) =>
        [`requirements.hardware.${i}.versions`, entry.versions] as [string, VersionConstraint | null],
    ),
    ...needs.dependencies.map(
      (entry, i) =>
        [`requirements.dependencies.${i}.software`, entry.software] as [string, VersionConstraint],
    ),
  ];
  return sets.flatMap(([path, set]) => (set !== null && 'range' in set ? [{ path, range: set.range }] : []));
}

/** Null when it may be registered. An unreadable range would match no vehicle for ever, in silence. */
export function judgeRegistration(command: RegisterArtifact): Rejection | null {
  const { name, version, versionScheme, supersedes } = command;
  if (versionScheme === 'semver' && !isSemver(version))
    return reject(
      'version-not-semver',
      `${version} is not a semantic version`,
      'Write it as major.minor.patch, or set versionScheme to exact.',
      { path: 'version' },
    ).rejection;
  const unreadable = rangesOf(command.requirements).find(({ range }) => !isVersionRange(range));
  if (unreadable !== undefined)
    return reject(
      'invalid-range',
      `${unreadable.path}: ${unreadable.range} is not a version range`,
      'Write it like >=1.2.0 <2.0.0, or list the versions under exact.',
      { path: `${unreadable.path}.range` },
    ).rejection;
  if (supersedes !== null && (nameOf(supersedes) !== name || supersedes === `${name}@${version}`))
    return reject(
      'invalid-supersedes',
      `${name}@${version} can not supersede ${supersedes}`,
      `Name another version of ${name}.`,
      { path: 'supersedes' },
    ).rejection;
  return null;
}

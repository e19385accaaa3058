/** What is held of the software itself. */

import type { ArtifactEvent } from '../../domain/artifact/events.ts';
import { type Artifact, evolveArtifact, manifestOf, noArtifact } from '../../domain/artifact/state.ts';
import { artifactStream } from '../../domain/shared/streams.ts';
import type { EvidenceItem } from './bundle.ts';
import { evidenceOf } from './clauses.ts';
import { type Collection, type Proven, refsOf, withoutKeys } from './collect.ts';

export interface ProvenArtifact {
  readonly artifact: Artifact;
  readonly proven: readonly Proven[];
}

export async function collectArtifacts(
  collection: Collection,
  artifactIds: readonly string[],
): Promise<readonly ProvenArtifact[]> {
  const found: ProvenArtifact[] = [];
  for (const artifactId of artifactIds) {
    const proven = await collection.stream(artifactStream(artifactId), withoutKeys, true);
    const artifact = proven.reduce(
      (state, { event }) => evolveArtifact(state, event as ArtifactEvent),
      noArtifact as Parameters<typeof evolveArtifact>[0],
    );
    if (artifact.stage !== 'none') found.push({ artifact, proven });
  }
  return found;
}

export const artifactItems = ({ artifact, proven }: ProvenArtifact): readonly EvidenceItem[] => {
  const { artifactId, requirements, release, validation } = artifact;
  return [
    evidenceOf(
      '7.1.1.2',
      `${artifactId} is unique, its files are named by their SHA-256, and the manifest over both by its own digest.`,
      {
        artifactId,
        manifest: manifestOf(artifact),
        manifestDigest: release?.manifestDigest ?? validation?.manifestDigest ?? null,
        hardware: requirements.hardware,
      },
      refsOf(proven, 'ArtifactRegistered', 'FileStored', 'ArtifactValidated', 'ArtifactReleased'),
    ),
    evidenceOf(
      '7.1.1.5',
      requirements.dependencies.length === 0
        ? `No dependency of ${artifactId} on other ECUs is declared.`
        : `${artifactId} is only offered where the software of these other ECUs fits.`,
      { artifactId, dependencies: requirements.dependencies },
      refsOf(proven, 'ArtifactRegistered'),
    ),
    evidenceOf(
      '7.1.2.5 (i)',
      validation === null
        ? `${artifactId} has no validation on record.`
        : `The validation of ${artifactId} ended ${validation.verdict}; ${
            release === null ? 'it is not released' : `${release.by} released the digest that was validated`
          }.`,
      {
        artifactId,
        registeredBy: artifact.registeredBy,
        validation:
          validation === null
            ? null
            : {
                verdict: validation.verdict,
                tool: validation.tool,
                reportDigest: validation.reportDigest,
                checks: validation.checks,
                manifestDigest: validation.manifestDigest,
                by: validation.by,
              },
        releasedBy: release?.by ?? null,
      },
      refsOf(proven, 'ArtifactValidated', 'ArtifactReleased'),
    ),
    evidenceOf(
      '7.1.3.1',
      `Files of ${artifactId} are encrypted from upload to vehicle; digest and signatures are checked at each step, and who uploads a file neither validates nor releases it.`,
      { artifactId, signatures: release?.signatures ?? validation?.signatures ?? [] },
      refsOf(proven, 'FileStored', 'ArtifactValidated', 'ArtifactReleased'),
    ),
  ];
};

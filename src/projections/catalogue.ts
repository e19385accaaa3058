/** Artifacts, and the versions of each name with what superseded what, who and when. */
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import type { ArtifactEvent, ArtifactTarget } from '../domain/artifact/events.ts';
import { type Artifact, type ArtifactState, evolveArtifact, noArtifact } from '../domain/artifact/state.ts';
import { nameOf } from '../domain/shared/ids.ts';
import { parseStream } from '../domain/shared/streams.ts';

interface NameDocument extends Document {
  target: ArtifactTarget | null;
  versions: {
    artifactId: string;
    version: string;
    state: string;
    supersedes: string | null;
    by: string;
    at: string;
    releasedAt: string | null;
  }[];
}

/** Wrapped keys stay in the log: nobody who reads the catalogue needs them. */
function publicFiles(state: Exclude<ArtifactState, { stage: 'none' }>) {
  return state.files.map(({ name, size, sha256, ciphertext, by }) => ({
    name,
    size,
    sha256,
    ciphertext,
    by,
  }));
}

/** The state it was made from can be had back from a document, so nothing is kept twice (nor any wrapped key). */
type ArtifactDocument = Document &
  Omit<Artifact, 'stage' | 'files'> & {
    readonly state: Artifact['stage'];
    readonly files: ReturnType<typeof publicFiles>;
    readonly history: readonly unknown[];
  };

/** Keys of files stay out: they decide nothing. */
function stateOf(document: ArtifactDocument | null): ArtifactState {
  if (document === null) return noArtifact;
  const { artifactId, name, version, versionScheme, kind, target, releaseType, releaseNotes } = document;
  const { supersedes, requirements, registeredBy, state, validation, release, ending } = document;
  const named = { artifactId, name, version, versionScheme, kind, target, releaseType, releaseNotes };
  const files = document.files.map((file) => ({ ...file, fileId: '', wrappedKey: NO_KEY }));
  return {
    ...named,
    supersedes,
    requirements,
    registeredBy,
    stage: state,
    files,
    validation,
    release,
    ending,
  };
}
const NO_KEY = { masterKeyId: '', value: '' };

const ARTIFACT_CHANGES = new Set([
  'ArtifactRegistered',
  'ArtifactValidated',
  'ArtifactReleased',
  'ArtifactDeprecated',
  'ArtifactWithdrawn',
]);

export const catalogue: Projection = {
  name: 'catalogue',
  version: 1,
  prefixes: ['artifact-', 'artifactname-'],
  collections: [
    { name: 'artifacts', indexes: ['name', 'state', 'ecuType'] },
    { name: 'artifact-names', indexes: [] },
  ],
  keys({ recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'artifactname') return [{ collection: 'artifact-names', id: ref.name }];
    if (ref.category !== 'artifact') return [];
    return [
      { collection: 'artifacts', id: ref.artifactId },
      { collection: 'artifact-names', id: nameOf(ref.artifactId) },
    ];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'artifactname' && event.type === 'ArtifactNameClaimed') {
      documents.put('artifact-names', {
        id: ref.name,
        target: event.data.target,
        claimedBy: event.data.by,
        versions: [],
      });
      return;
    }
    if (ref.category !== 'artifact') return;
    const before = documents.get<ArtifactDocument>('artifacts', ref.artifactId);
    const folded = evolveArtifact(stateOf(before), event as ArtifactEvent);
    if (folded.stage === 'none') return;
    const { stage, files: _files, validation, release, ending, ...registration } = folded;
    const history = before?.history ?? [];
    documents.put('artifacts', {
      id: ref.artifactId,
      ...registration,
      ecuType: folded.target.ecuType,
      state: stage,
      files: publicFiles(folded),
      validation,
      release,
      ending,
      revision: recorded.revision,
      history: [...history, { type: event.type, at: recorded.metadata.time, by: recorded.metadata.actor.id }],
    });
    if (ARTIFACT_CHANGES.has(event.type)) putVersion(documents, ref.artifactId, folded, recorded.metadata);
  },
};

function putVersion(
  documents: Parameters<Projection['apply']>[1],
  artifactId: string,
  artifact: Exclude<ArtifactState, { stage: 'none' }>,
  { time }: { readonly time: string },
): void {
  const id = nameOf(artifactId);
  const names = documents.get<NameDocument>('artifact-names', id) ?? {
    id,
    target: artifact.target,
    versions: [],
  };
  const before = names.versions.find((version) => version.artifactId === artifactId);
  const version = {
    artifactId,
    version: artifact.version,
    state: artifact.stage,
    supersedes: artifact.supersedes,
    by: artifact.registeredBy,
    at: before?.at ?? time,
    releasedAt: before?.releasedAt ?? (artifact.stage === 'released' ? time : null),
  };
  // In the order of registration, which is the log's.
  const versions =
    before === undefined
      ? [...names.versions, version]
      : names.versions.map((other) => (other === before ? version : other));
  documents.put('artifact-names', { ...names, versions });
}

import type { EventOf } from '../shared/event.ts';
import type {
  ArtifactEvent,
  artifactRegistered,
  artifactValidated,
  fileStored,
  Requirements,
  Signature,
} from './events.ts';

type Registration = EventOf<typeof artifactRegistered>['data'];
type StoredFile = Omit<EventOf<typeof fileStored>['data'], 'artifactId'>;
type Validation = Omit<EventOf<typeof artifactValidated>['data'], 'artifactId'>;

/** `validated`: the last validation passed. Campaigns may only use what is `released`. */
export type ArtifactStage = 'registered' | 'validated' | 'released' | 'deprecated' | 'withdrawn';

/** Also `ArtifactFacts`, so it can be judged against vehicles as it is. */
export interface Artifact extends Omit<Registration, 'by'> {
  readonly stage: ArtifactStage;
  readonly registeredBy: string;
  /** In the order in which they were stored. */
  readonly files: readonly StoredFile[];
  /** The last one, passed or failed. */
  readonly validation: Validation | null;
  readonly release: {
    readonly manifestDigest: string;
    readonly signatures: readonly Signature[];
    readonly by: string;
  } | null;
  /** Of the deprecation or, later, the withdrawal. */
  readonly ending: { readonly reason: string; readonly by: string } | null;
}
export type ArtifactState = { readonly stage: 'none' } | Artifact;

/** What is digested and signed (DESIGN §9): plain data in the shape of the vehicle protocol's manifest. */
export interface ArtifactManifest {
  readonly artifactId: string;
  readonly kind: Artifact['kind'];
  readonly version: string;
  readonly target: Artifact['target'];
  /** By name; sizes and digests of the plaintext. */
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
  readonly requirements: Requirements;
}

export function manifestOf(artifact: Artifact): ArtifactManifest {
  const { artifactId, kind, version, target, requirements } = artifact;
  const files = artifact.files
    .map(({ name, size, sha256 }) => ({ name, size, sha256 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { artifactId, kind, version, target, files, requirements };
}

export const noArtifact: ArtifactState = { stage: 'none' };

export function evolveArtifact(state: ArtifactState, event: ArtifactEvent): ArtifactState {
  if (event.type === 'ArtifactRegistered') {
    const { by, ...registration } = event.data;
    const empty = { files: [], validation: null, release: null, ending: null };
    return { ...registration, ...empty, stage: 'registered', registeredBy: by };
  }
  // Nothing else can be the first event of an artifact; the name claim is in another stream.
  if (state.stage === 'none') return state;
  switch (event.type) {
    case 'FileStored': {
      const { artifactId: _, ...file } = event.data;
      return { ...state, files: [...state.files, file] };
    }
    case 'ArtifactValidated': {
      const { artifactId: _, ...validation } = event.data;
      return { ...state, validation, stage: validation.verdict === 'passed' ? 'validated' : 'registered' };
    }
    case 'ArtifactReleased': {
      const { artifactId: _, ...release } = event.data;
      return { ...state, release, stage: 'released' };
    }
    case 'ArtifactDeprecated':
      return { ...state, ending: { reason: event.data.reason, by: event.data.by }, stage: 'deprecated' };
    case 'ArtifactWithdrawn':
      return { ...state, ending: { reason: event.data.reason, by: event.data.by }, stage: 'withdrawn' };
    case 'ArtifactNameClaimed':
      return state;
  }
}

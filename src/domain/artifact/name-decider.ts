/** A name belongs to one target for ever: `artifactname-{name}` is written before the first version of it. */
import { accept, type Decider, reject } from '../shared/decider.ts';
import type { ArtifactEvent, ArtifactTarget } from './events.ts';

export interface ClaimArtifactName {
  readonly type: 'ClaimArtifactName';
  readonly name: string;
  readonly target: ArtifactTarget;
}
export type ArtifactNameEvent = Extract<ArtifactEvent, { type: 'ArtifactNameClaimed' }>;
/** The target that the name belongs to; null while nobody has claimed it. */
export interface ArtifactNameState {
  readonly target: ArtifactTarget | null;
}

export const artifactNameDecider: Decider<ArtifactNameState, ClaimArtifactName, ArtifactNameEvent> = {
  initialState: { target: null },
  decide: ({ target }, command, { actor }) => {
    const { name } = command;
    if (target === null)
      return accept({ type: 'ArtifactNameClaimed', data: { name, target: command.target, by: actor.id } });
    if (target.ecuType === command.target.ecuType && target.component === command.target.component)
      return accept();
    return reject(
      'artifact-name-taken',
      `${name} belongs to ${target.ecuType}/${target.component}`,
      'Choose another name: all versions of one name are for the same ECU type and component.',
      { target },
    );
  },
  evolve: (_, event) => ({ target: event.data.target }),
};

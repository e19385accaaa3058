/** What campaign decisions look up of other streams, and the rejections that several of them share. */
import type { ArtifactStage } from '../artifact/state.ts';
import type { DecisionContext } from '../shared/decider.ts';
import { reject } from '../shared/decider.ts';
import type { Campaign, CampaignState } from './state.ts';

export type ArtifactStanding = ArtifactStage | 'unknown';

export interface CampaignLookups {
  /** Standing of each of the campaign's artifacts; what is missing counts as unknown. */
  readonly artifactStates: Readonly<Record<string, ArtifactStanding>>;
  /** Whether an emergency stop is on. */
  readonly emergencyStop: boolean;
}
/** For commands that look at nothing outside their stream; a start or resume decided on it is refused. */
export const NO_LOOKUPS: CampaignLookups = { artifactStates: {}, emergencyStop: false };

export type CampaignContext = DecisionContext & CampaignLookups;

export type Rejected = ReturnType<typeof reject>;

export const notFound = (): Rejected =>
  reject('campaign-not-found', 'there is no such campaign', 'Create it with PUT /v1/campaigns/{id} first.');

export const over = (state: CampaignState): Rejected =>
  reject(
    'campaign-over',
    `the campaign is ${state.phase}`,
    'Nothing about it can change any more; create a new campaign.',
  );

export const notAPerson = (what: string): Rejected =>
  reject('not-a-person', `${what} must be done by a person`, 'Use the API key of a person.');

/** Null when nothing speaks against vehicles being offered the campaign's artifacts now. */
export function outsideObstacle(
  state: Campaign,
  context: CampaignContext,
  refuses: (standing: ArtifactStanding) => boolean,
): Rejected | null {
  if (context.emergencyStop)
    return reject('emergency-stop', 'an emergency stop is on', 'Lift the emergency stop first.');
  const bad = state.policy.artifacts
    .map((artifactId) => ({ artifactId, standing: context.artifactStates[artifactId] ?? 'unknown' }))
    .filter(({ standing }) => refuses(standing));
  if (bad.length === 0) return null;
  const list = bad.map(({ artifactId, standing }) => `${artifactId} is ${standing}`).join(', ');
  if (bad.some(({ standing }) => standing === 'withdrawn'))
    return reject(
      'artifact-withdrawn',
      list,
      'Abort the campaign, and make a new one with another version.',
      { artifacts: bad },
    );
  return reject(
    'artifact-not-released',
    list,
    'Release the artifacts, or amend the campaign to use released ones.',
    { artifacts: bad },
  );
}

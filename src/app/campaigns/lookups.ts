/** What campaign decisions look up of other streams, and the one way to run a campaign command. */
import { evolveArtifact, noArtifact } from '../../domain/artifact/state.ts';
import type { CampaignCommand } from '../../domain/campaign/commands.ts';
import { type ArtifactStanding, type CampaignLookups, NO_LOOKUPS } from '../../domain/campaign/context.ts';
import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignState } from '../../domain/campaign/state.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { artifactStream, campaignStream, FLEET_STREAM } from '../../domain/shared/streams.ts';
import {
  type CommandEnvelope,
  type CommandOutcome,
  foldStream,
  handleCommand,
  loadStream,
  type Runtime,
} from '../handle-command.ts';
import type { EventStore } from '../ports.ts';

const artifactFold = { initialState: noArtifact, evolve: evolveArtifact };
const emergencyFold = {
  initialState: false,
  evolve: (on: boolean, event: DomainEvent): boolean =>
    event.type === 'EmergencyStopped' || (on && event.type !== 'EmergencyLifted'),
};

async function lookUp(store: EventStore, artifactIds: readonly string[]): Promise<CampaignLookups> {
  const [fleet = [], ...artifacts] = await store.readStreams([
    FLEET_STREAM,
    ...artifactIds.map(artifactStream),
  ]);
  const standings = artifacts.map((events, index): [string, ArtifactStanding] => {
    const { state } = foldStream(artifactFold, events);
    return [artifactIds[index] ?? '', state.stage === 'none' ? 'unknown' : state.stage];
  });
  const stops = foldStream(emergencyFold, fleet);
  return {
    artifactStates: Object.fromEntries(standings),
    // What can't be read could be a stop.
    emergencyStop: stops.state || stops.newer !== null,
  };
}

const LOOKS_OUTSIDE: ReadonlySet<CampaignCommand['type']> = new Set([
  'StartCampaign',
  'ResumeCampaign',
  'ReleaseWave',
]);

/** Tries on lost races, each with fresh look-ups. */
const TRIES = 4;

/** @throws whatever the store throws: nothing is recorded then. */
export async function runCampaignCommand(
  runtime: Runtime,
  campaignId: string,
  command: CampaignCommand,
  envelope: CommandEnvelope,
): Promise<CommandOutcome<CampaignState>> {
  const stream = campaignStream(campaignId);
  if (!LOOKS_OUTSIDE.has(command.type))
    return handleCommand(runtime, stream, campaignDecider, command, envelope, NO_LOOKUPS);
  for (let attempt = 1; ; attempt++) {
    const { state, revision } = await loadStream(runtime.store, stream, campaignDecider);
    const artifacts = state.phase === 'absent' ? [] : state.policy.artifacts;
    const lookups = await lookUp(runtime.store, artifacts);
    // Bound to the revision that was looked at: a retry must not decide on what was looked up before.
    const expectedRevision = envelope.expectedRevision ?? revision;
    const bound = { ...envelope, expectedRevision };
    const outcome = await handleCommand(runtime, stream, campaignDecider, command, bound, lookups);
    const raced = !outcome.ok && outcome.rejection.code === 'revision-mismatch';
    if (!raced || envelope.expectedRevision !== undefined || attempt === TRIES) return outcome;
  }
}

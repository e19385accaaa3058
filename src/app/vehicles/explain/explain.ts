/** Gathers what the reasons rest on: the vehicle's own stream, read models, and the lists that the query names. */
import type { ArtifactFacts } from '../../../domain/artifact/compatibility.ts';
import { compatibilityAll } from '../../../domain/artifact/compatibility-all.ts';
import type { Campaign } from '../../../domain/campaign/state.ts';
import { isKnown } from '../../../domain/events.ts';
import type { Phase } from '../../../domain/rollout/events.ts';
import type { Span } from '../../../domain/rollout/spans.ts';
import { isInFlight } from '../../../domain/rollout/state.ts';
import { campaignStream, vehicleStream } from '../../../domain/shared/streams.ts';
import { listsIn } from '../../../domain/targeting/ast.ts';
import { explainQuery } from '../../../domain/targeting/explain.ts';
import { parseQuery } from '../../../domain/targeting/parse.ts';
import { vehicleDecider } from '../../../domain/vehicle/decide.ts';
import type { Vehicle } from '../../../domain/vehicle/state.ts';
import { foldStream } from '../../handle-command.ts';
import type { Clock, Document, EventStore, ReadModelReader, RecordedEvent } from '../../ports.ts';
import { type InSlice, slicesOf } from '../../target-slices.ts';
import type { AssignmentFacts, Facts, Judged, Reason } from './facts.ts';
import { reasonsFor } from './reasons.ts';
import { timesOf } from './times.ts';

export interface ExplainDeps {
  readonly log: Pick<EventStore, 'readStream'>;
  readonly reader: Pick<ReadModelReader, 'get' | 'getMany' | 'find'>;
  readonly clock: Clock;
  readonly targeting: {
    /** Those of the lists that the vehicle is in. */
    listsWith(vehicleId: string, listIds: readonly string[]): Promise<readonly string[]>;
  };
  readonly presence: { isOnline(vehicleId: string): boolean };
  readonly fleet: { emergency(): Promise<Facts['emergency']> };
}

export interface CampaignDocument
  extends Document,
    Pick<Campaign, 'policy' | 'plan' | 'pause' | 'releasedWave' | 'startAt'> {
  readonly state: Campaign['phase'];
  readonly query: string | null;
  readonly decisions: readonly { readonly type: string; readonly at: string }[];
}

export interface AssignmentDocument
  extends Document,
    InSlice,
    Pick<AssignmentFacts, 'phase' | 'wave' | 'attempt' | 'outcome'> {
  /** Of the list that it is on; null for one that joined later. */
  readonly planId: string | null;
  readonly spans: readonly Span[];
  /** When it came to the outcome that counts, milliseconds since 1970. */
  readonly course: { readonly last: { readonly at_ms: number } | null } | null;
}

/** Null for one of the list of an earlier query, which stands until the new one is written. */
export const listedIn = (
  { plan }: Pick<CampaignDocument, 'plan'>,
  assignment: AssignmentDocument | null,
): AssignmentDocument | null =>
  assignment?.planId != null && assignment.planId !== plan?.planId ? null : assignment;

export interface Explained {
  readonly judged: Judged | null;
  readonly why: readonly Reason[];
}

/**
 * Null when there is no such vehicle.
 * @param assignment as `listedIn` gives it.
 */
export async function explainVehicle(
  deps: ExplainDeps,
  vehicleId: string,
  campaign: CampaignDocument,
  assignment: AssignmentDocument | null,
): Promise<Explained | null> {
  const events: RecordedEvent[] = [];
  for await (const batch of deps.log.readStream(vehicleStream(vehicleId))) events.push(...batch);
  const { state, newer } = foldStream(vehicleDecider, events);
  if (state.stage === 'none') return null;
  const judged = await judge(deps, state, campaign);
  const progress = await deps.reader.get<Document & { readonly byPhase: Readonly<Record<string, number>> }>(
    'progress',
    campaign.id,
  );
  const facts: Facts = {
    now: new Date(deps.clock.now()).toISOString(),
    campaign: { ...campaign, phase: campaign.state },
    frozenAt: frozenAtOf(campaign),
    vehicle: {
      registeredAt: events[0]?.metadata.time ?? '',
      changedAt: events.at(-1)?.metadata.time ?? '',
      timeZone: state.description.timeZone,
      decommissioned: state.decommissioned,
      online: deps.presence.isOnline(vehicleId),
    },
    assignment: assignment === null ? null : await factsOf(deps, vehicleId, assignment),
    judged,
    emergency: await deps.fleet.emergency(),
    rival: await rivalOf(deps, vehicleId, campaign),
    inFlight: Object.entries(progress?.byPhase ?? {})
      .filter(([phase]) => isInFlight(phase as Phase))
      .reduce((sum, [, vehicles]) => sum + vehicles, 0),
    newer: { vehicle: newer, campaign: await newerIn(deps, campaignStream(campaign.id)) },
  };
  return { judged, why: reasonsFor(facts) };
}

/** The list of an earlier query is none any more. */
const frozenAtOf = ({ plan, decisions }: CampaignDocument): string | null =>
  plan?.status === 'frozen' ? (decisions.findLast(({ type }) => type === 'TargetsFrozen')?.at ?? null) : null;

async function artifactsOf(
  { reader }: ExplainDeps,
  ids: readonly string[],
): Promise<readonly ArtifactFacts[]> {
  const found = await reader.getMany<Document & ArtifactFacts>('artifacts', ids);
  return found.flatMap((one, n) => (one === null ? [] : [{ ...one, artifactId: ids[n] ?? one.id }]));
}

/** By the same rules as the list and the offer. A query that can't be read any more gives null. */
async function judge(
  deps: ExplainDeps,
  vehicle: Vehicle,
  { query: text, policy }: CampaignDocument,
): Promise<Judged | null> {
  const parsed = text === null ? null : parseQuery(text);
  if (parsed === null || !parsed.ok) return null;
  const { vehicleId, description, ecus } = vehicle;
  const lists = listsIn(parsed.query);
  const isIn = new Set(lists.length === 0 ? [] : await deps.targeting.listsWith(vehicleId, lists));
  const { matches, clauses } = explainQuery(parsed.query, {
    ...description,
    ecus,
    vehicleId,
    // Where VINs are sealed, no query can name one.
    vin: vehicleId,
    isInList: (id) => isIn.has(id),
  });
  const { compatible, satisfied, reasons } = compatibilityAll(
    vehicle,
    await artifactsOf(deps, policy.artifacts),
  );
  return { matchesQuery: matches, clauses, compatible, satisfied, requirements: reasons };
}

/** With what only the log and the frozen slice have. */
async function factsOf(
  { log, reader }: ExplainDeps,
  vehicleId: string,
  assignment: AssignmentDocument,
): Promise<AssignmentFacts> {
  const { campaignId, spans, course, ...rest } = assignment;
  const times = await timesOf(log, vehicleId, campaignId, spans);
  const sliceOf = await slicesOf(reader, [assignment]);
  const last = course?.last ?? null;
  return {
    ...rest,
    ...times,
    timeZone: sliceOf(assignment)?.timeZone ?? null,
    settledAt: last === null ? null : new Date(last.at_ms).toISOString(),
  };
}

const componentsOf = (artifacts: readonly ArtifactFacts[]): ReadonlySet<string> =>
  new Set(artifacts.map(({ target }) => `${target.ecuType}/${target.component}`));

const MOST_CAMPAIGNS = 1000;

/** Another campaign of the vehicle that is between offer and outcome on a component that this one installs to. */
async function rivalOf(
  deps: ExplainDeps,
  vehicleId: string,
  campaign: CampaignDocument,
): Promise<Facts['rival']> {
  const { items } = await deps.reader.find<AssignmentDocument>('assignments', {
    where: { vehicleId },
    limit: MOST_CAMPAIGNS,
  });
  const others = items.filter(({ campaignId, phase }) => campaignId !== campaign.id && isInFlight(phase));
  if (others.length === 0) return null;
  const mine = componentsOf(await artifactsOf(deps, campaign.policy.artifacts));
  for (const { campaignId } of others) {
    const other = await deps.reader.get<CampaignDocument>('campaigns', campaignId);
    const theirs = componentsOf(await artifactsOf(deps, other?.policy.artifacts ?? []));
    const component = [...mine].find((one) => theirs.has(one));
    if (component !== undefined) return { campaignId, component };
  }
  return null;
}

/** The first event of a stream that this version can't read. */
async function newerIn({ log }: ExplainDeps, stream: string): Promise<string | null> {
  for await (const batch of log.readStream(stream))
    for (const { type, schemaVersion } of batch) if (!isKnown(type, schemaVersion)) return type;
  return null;
}

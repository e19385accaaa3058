/** MQTT credentials of vehicles, derived from fleet secrets: none is stored anywhere. */
import type { Rejection } from '../../domain/shared/decider.ts';
import { vehicleStream } from '../../domain/shared/streams.ts';
import type { VehicleCommand } from '../../domain/vehicle/commands.ts';
import { vehicleDecider } from '../../domain/vehicle/decide.ts';
import type { VehicleState } from '../../domain/vehicle/state.ts';
import {
  type CommandEnvelope,
  type CommandOutcome,
  foldStream,
  handleCommand,
  loadStream,
  metadataOf,
  type Runtime,
  toNewEvents,
} from '../handle-command.ts';
import type { AppendRequest, KeyRing } from '../ports.ts';
import { vehiclePassword } from '../vehicle-link/credentials.ts';

/** `password` is a secret: told to the caller, logged and stored nowhere. */
export interface Credential {
  readonly vehicleId: string;
  /** MQTT user name. */
  readonly username: string;
  readonly password: string;
  readonly generation: number;
}
export type Credentials =
  | { readonly ok: true; readonly credentials: readonly Credential[] }
  | { readonly ok: false; readonly rejection: Rejection };

interface Deps {
  readonly runtime: Runtime;
  readonly fleetSecrets: KeyRing;
}
type IssueCredential = Extract<VehicleCommand, { type: 'IssueCredential' }>;

/** Null when there is none, or its fleet secret is gone. */
function credentialIn(fleetSecrets: KeyRing, state: VehicleState): Credential | null {
  const credential = state.stage === 'none' ? null : state.credential;
  const secret = credential === null ? null : fleetSecrets.get(credential.fleetSecretId);
  if (state.stage === 'none' || credential === null || secret === null) return null;
  const { vehicleId } = state;
  const { generation } = credential;
  const password = vehiclePassword(secret.key, vehicleId, generation);
  return { vehicleId, username: vehicleId, password, generation };
}

/** Issues a new credential; the one before ends with it. A repeat under the same Idempotency-Key gives the same one. */
export async function issueCredential(
  { runtime, fleetSecrets }: Deps,
  vehicleId: string,
  envelope: CommandEnvelope,
): Promise<{ readonly outcome: CommandOutcome<VehicleState>; readonly credential: Credential | null }> {
  const stream = vehicleStream(vehicleId);
  const { state } = await loadStream(runtime.store, stream, vehicleDecider);
  const current = state.stage === 'none' ? null : state.credential;
  const command: IssueCredential = {
    type: 'IssueCredential',
    fleetSecretId: fleetSecrets.current.id,
    ...(current === null ? {} : { replaces: current.generation }),
  };
  const outcome = await handleCommand(runtime, stream, vehicleDecider, command, envelope, {});
  return { outcome, credential: outcome.ok ? credentialIn(fleetSecrets, outcome.state) : null };
}

interface Issue {
  readonly vehicleId: string;
  readonly request: AppendRequest;
  readonly after: VehicleState;
}

/**
 * The current credential of each, in the order asked, issued where there is none that still holds. An unknown
 * or decommissioned vehicle refuses the request; what was issued by then stays.
 */
export async function credentialsFor(
  deps: Deps,
  vehicleIds: readonly string[],
  envelope: CommandEnvelope,
): Promise<Credentials> {
  const { runtime, fleetSecrets } = deps;
  const ids = [...new Set(vehicleIds)];
  const streams = await runtime.store.readStreams(ids.map(vehicleStream));
  const found = new Map<string, Credential>();
  const issues: Issue[] = [];
  const metadata = metadataOf(envelope, new Date(runtime.now()).toISOString(), runtime.newId);
  for (const [at, vehicleId] of ids.entries()) {
    const { state, revision, newer } = foldStream(vehicleDecider, streams[at] ?? []);
    const present = credentialIn(fleetSecrets, state);
    if (newer !== null) continue;
    if (present !== null) found.set(vehicleId, present);
    else issues.push(...planIssue(deps, { vehicleId, state, revision }, metadata, envelope));
  }
  const appended = await runtime.store.append(issues.map(({ request }) => request));
  for (const [at, { vehicleId, after }] of issues.entries()) {
    const credential = appended[at]?.status === 'appended' ? credentialIn(fleetSecrets, after) : null;
    if (credential !== null) found.set(vehicleId, credential);
  }
  const rejection = await issueRest(
    deps,
    ids.filter((id) => !found.has(id)),
    envelope,
    found,
  );
  if (rejection !== null) return { ok: false, rejection };
  return { ok: true, credentials: vehicleIds.flatMap((id) => found.get(id) ?? []) };
}

/** Nothing where it is refused: the single command, later, gives the reason. */
function planIssue(
  { runtime, fleetSecrets }: Deps,
  vehicle: { readonly vehicleId: string; readonly state: VehicleState; readonly revision: number },
  metadata: AppendRequest['metadata'],
  { actor }: CommandEnvelope,
): Issue[] {
  const { vehicleId, state, revision } = vehicle;
  const { newId, digest } = runtime;
  const command: IssueCredential = { type: 'IssueCredential', fleetSecretId: fleetSecrets.current.id };
  const decision = vehicleDecider.decide(state, command, { now: metadata.time, actor, newId, digest });
  if (!decision.ok || decision.events.length === 0) return [];
  const events = toNewEvents(decision.events, newId);
  return [
    {
      vehicleId,
      request: { stream: vehicleStream(vehicleId), expectedRevision: revision, events, metadata },
      after: decision.events.reduce(vehicleDecider.evolve, state),
    },
  ];
}

/** One by one: those that lost a race, and those that are refused. The first refusal ends it. */
async function issueRest(
  { runtime, fleetSecrets }: Deps,
  vehicleIds: readonly string[],
  envelope: CommandEnvelope,
  found: Map<string, Credential>,
): Promise<Rejection | null> {
  const command: IssueCredential = { type: 'IssueCredential', fleetSecretId: fleetSecrets.current.id };
  for (const vehicleId of vehicleIds) {
    const stream = vehicleStream(vehicleId);
    const outcome = await handleCommand(runtime, stream, vehicleDecider, command, envelope, {});
    if (!outcome.ok) return { ...outcome.rejection, details: { ...outcome.rejection.details, vehicleId } };
    const credential = credentialIn(fleetSecrets, outcome.state);
    if (credential !== null) found.set(vehicleId, credential);
  }
  return null;
}

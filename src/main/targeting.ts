/** The targeting index as planner, API and checks know it, over the views thread. */

import type { Refused, TargetingApi } from '../api/services.ts';
import type { ValidationLookup } from '../app/artifacts/validation-checks.ts';
import type { CommandEnvelope, Runtime } from '../app/handle-command.ts';
import { metadataOf, toNewEvents } from '../app/handle-command.ts';
import type { Position, SelectionResult, TargetRow, TargetSelector } from '../app/ports.ts';
import { type VehicleIdentity, vehicleIdOf } from '../app/vehicles/identity.ts';
import { reject } from '../domain/shared/decider.ts';
import { vehicleListStream } from '../domain/shared/streams.ts';
import { describeError, toRejection } from '../domain/targeting/errors.ts';
import type { QueryProblem } from './views/messages.ts';
import type { ViewsThread } from './views/views-client.ts';

const INDEX_WAIT_MS = 60_000;
/** Vehicle ids of one part of a list: 20,000 of 33 bytes stay below the limit of an append. */
const LIST_PART = 20_000;

const sentence = (problem: QueryProblem): string =>
  problem.code === 'unknown-artifact'
    ? `there is no artifact ${problem.artifactId}`
    : describeError(problem.error);

function refusal(query: string, problem: QueryProblem): Refused {
  if (problem.code === 'invalid-query') return { ok: false, rejection: toRejection(query, problem.error) };
  const { artifactId } = problem;
  return reject('artifact-not-found', sentence(problem), 'Register it, or name another one.', { artifactId });
}

async function catchUp(views: ViewsThread, position: Position): Promise<void> {
  if (!(await views.waitFor(position, INDEX_WAIT_MS)))
    throw new Error('the targeting index has not caught up');
}

/**
 * What checks of a validation ask, of every vehicle recorded before they ask: whoever registers vehicles and then
 * validates must not be told that there are none.
 */
export const createValidationLookup = ({ store }: Runtime, views: ViewsThread): ValidationLookup => ({
  async targetIsKnown(ecuType, component) {
    await catchUp(views, await store.head());
    return views.ask('targetIsKnown', ecuType, component);
  },
  async matchesAnyVehicle(artifact) {
    await catchUp(views, await store.head());
    return views.ask('matchesAnyVehicle', artifact);
  },
});

export const createSelector = (views: ViewsThread): TargetSelector => ({
  async select(query, artifactIds, atLeast): Promise<SelectionResult> {
    await catchUp(views, atLeast);
    const opened = await views.ask('openSelection', query, artifactIds);
    if (!opened.ok) return { ok: false, reason: sentence(opened.problem) };
    const { id, ok: _ok, ...selection } = opened;
    return { ok: true, selection: { ...selection, rows: rowsOf(views, id) } };
  },
});

async function* rowsOf(views: ViewsThread, id: number): AsyncIterable<readonly TargetRow[]> {
  try {
    for (;;) {
      const rows = await views.ask('nextRows', id);
      if (rows === null) return;
      yield rows;
    }
  } finally {
    await views.ask('closeSelection', id);
  }
}

export const createTargetingApi = (
  runtime: Runtime,
  views: ViewsThread,
  identity: VehicleIdentity,
): TargetingApi => ({
  async preview(query, artifactIds) {
    const answer = await views.ask('count', query, artifactIds);
    return answer.ok ? answer : refusal(query, answer.problem);
  },
  listsWith: (vehicleId, listIds) => views.ask('listsWith', vehicleId, listIds),
  putList(listId, vehicles, envelope) {
    // Where VINs are sealed, none may get into the log by way of a list.
    const vehicleIds = vehicles.map((vinOrId) => vehicleIdOf(identity, vinOrId));
    return storeList(runtime, listId, vehicleIds, envelope);
  },
});

/** Each replacement is a run of parts; readers take the newest run that has its last part. */
async function storeList(
  runtime: Runtime,
  listId: string,
  vehicles: readonly string[],
  envelope: CommandEnvelope,
): Promise<{ readonly ok: true; readonly vehicles: number } | Refused> {
  const stream = vehicleListStream(listId);
  const unique = [...new Set(vehicles)];
  const replacementId = runtime.newId();
  const metadata = metadataOf(envelope, new Date(runtime.now()).toISOString(), runtime.newId);
  let revision = -1;
  for await (const [last] of runtime.store.readStream(stream, { direction: 'backward', limit: 1 }))
    revision = last?.revision ?? -1;
  const parts = Math.max(1, Math.ceil(unique.length / LIST_PART));
  for (let part = 0; part < parts; part++) {
    const slice = unique.slice(part * LIST_PART, (part + 1) * LIST_PART);
    const data = {
      listId,
      replacementId,
      part,
      last: part === parts - 1,
      vehicles: slice,
      by: envelope.actor.id,
    };
    const events = toNewEvents([{ type: 'VehicleListPartStored', data }], runtime.newId);
    const [result] = await runtime.store.append([{ stream, expectedRevision: revision, events, metadata }]);
    if (result?.status !== 'appended')
      return reject('busy', `the list ${listId} is being replaced by somebody else`, 'Send the list again.');
    revision = result.revision;
  }
  return { ok: true, vehicles: unique.length };
}

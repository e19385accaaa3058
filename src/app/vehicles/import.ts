/** Registering vehicles in bulk: each row for itself, thousands in one call of the store. */
import type { Rejection } from '../../domain/shared/decider.ts';
import { vehicleStream } from '../../domain/shared/streams.ts';
import type { VehicleCommand } from '../../domain/vehicle/commands.ts';
import { vehicleDecider } from '../../domain/vehicle/decide.ts';
import type { Ecu, VehicleDescription } from '../../domain/vehicle/events.ts';
import {
  type CommandEnvelope,
  foldStream,
  handleCommand,
  metadataOf,
  type Runtime,
  toNewEvents,
} from '../handle-command.ts';
import type { AppendRequest } from '../ports.ts';
import type { VehicleIdentity } from './identity.ts';

/** One vehicle as it is registered: by PUT, or as a row of an import. */
export interface VehicleInput {
  readonly vin: string;
  readonly description: VehicleDescription;
  readonly ecus?: readonly Ecu[];
}
export type ImportResult =
  | { readonly ok: true; readonly vehicleId: string }
  | { readonly ok: false; readonly rejection: Rejection };

type RegisterVehicle = Extract<VehicleCommand, { type: 'RegisterVehicle' }>;

export function registration(identity: VehicleIdentity, input: VehicleInput): RegisterVehicle {
  const { vin, description, ecus } = input;
  const base = {
    type: 'RegisterVehicle' as const,
    vehicleId: identity.toVehicleId(vin),
    vin,
    storedVin: identity.store(vin),
    description,
  };
  return ecus === undefined ? base : { ...base, ecus: [...ecus] };
}

/** A row on its way: decided as if the vehicle were new, which in an import it nearly always is. */
interface Pending {
  readonly index: number;
  readonly command: RegisterVehicle;
  readonly request: AppendRequest;
}

/**
 * Registers all of them; one result per row, in order, durable when resolved. A vehicle that is there already
 * with the same data is accepted without a change, so an import that was cut can be sent again.
 * @throws whatever the store throws: rows of this call may then be recorded or not; sending them again is safe.
 */
export async function importRows(
  runtime: Runtime,
  identity: VehicleIdentity,
  rows: readonly VehicleInput[],
  envelope: CommandEnvelope,
): Promise<readonly ImportResult[]> {
  const now = new Date(runtime.now()).toISOString();
  const metadata = metadataOf(envelope, now, runtime.newId);
  const context = { now, actor: envelope.actor, newId: runtime.newId, digest: runtime.digest };
  const pending: Pending[] = [];
  const results = rows.map((row, index): ImportResult => {
    const command = registration(identity, row);
    const decision = vehicleDecider.decide(vehicleDecider.initialState, command, context);
    if (!decision.ok) return decision;
    const events = toNewEvents(decision.events, runtime.newId);
    const stream = vehicleStream(command.vehicleId);
    pending.push({ index, command, request: { stream, expectedRevision: -1, events, metadata } });
    return { ok: true, vehicleId: command.vehicleId };
  });
  const appended = await runtime.store.append(pending.map(({ request }) => request));
  const present = pending.filter((_, at) => appended[at]?.status !== 'appended');
  for (const [index, result] of await settlePresent(runtime, present, envelope)) results[index] = result;
  return results;
}

/**
 * Rows whose vehicle was there: judged on what is there, read in one go. What is not plainly a repeat or a
 * rejection (a newer writer, a lost race, too large) goes the way of a single command.
 */
async function settlePresent(
  runtime: Runtime,
  present: readonly Pending[],
  envelope: CommandEnvelope,
): Promise<readonly (readonly [number, ImportResult])[]> {
  if (present.length === 0) return [];
  const streams = await runtime.store.readStreams(present.map(({ request }) => request.stream));
  const settled: (readonly [number, ImportResult])[] = [];
  for (const [at, { index, command, request }] of present.entries()) {
    const { state, newer } = foldStream(vehicleDecider, streams[at] ?? []);
    const decision = vehicleDecider.decide(state, command, {
      now: request.metadata.time,
      actor: envelope.actor,
      newId: runtime.newId,
      digest: runtime.digest,
    });
    if (newer === null && (!decision.ok || decision.events.length === 0)) {
      settled.push([index, decision.ok ? { ok: true, vehicleId: command.vehicleId } : decision]);
      continue;
    }
    const outcome = await handleCommand(runtime, request.stream, vehicleDecider, command, envelope, {});
    settled.push([index, outcome.ok ? { ok: true, vehicleId: command.vehicleId } : outcome]);
  }
  return settled;
}

/** Why a row was not taken; `rejection` is null where the row could not even be read (`row` says why). */
export interface RejectedRow<Row> {
  readonly row: Row;
  readonly rejection: Rejection | null;
}
export interface ImportSummary {
  readonly accepted: number;
  readonly rejected: number;
}

type Row = { readonly ok: true; readonly input: VehicleInput } | { readonly ok: false };
type Settled =
  | { readonly done: true; readonly results: readonly ImportResult[] }
  | { readonly done: false; readonly error: unknown };

/**
 * Registers a stream of rows, batch by batch with some batches under way at once; yields the rejected rows in
 * the order of the rows and returns the sums. Memory: `batchRows` × (`inFlight` + 1) rows.
 * @throws what `register` throws, after the batches under way have ended.
 */
export async function* importVehicles<R extends Row>(
  register: (rows: readonly VehicleInput[]) => Promise<readonly ImportResult[]>,
  rows: AsyncIterable<R> | Iterable<R>,
  options: { readonly batchRows?: number; readonly inFlight?: number } = {},
): AsyncGenerator<RejectedRow<R>, ImportSummary> {
  const { batchRows = 2000, inFlight = 3 } = options;
  const underWay: { readonly batch: readonly R[]; readonly work: Promise<Settled> }[] = [];
  let [accepted, rejected] = [0, 0];
  const send = (batch: readonly R[]): void => {
    const inputs = batch.flatMap((row) => (row.ok ? [row.input] : []));
    const work = register(inputs).then(
      (results): Settled => ({ done: true, results }),
      (error: unknown): Settled => ({ done: false, error }),
    );
    underWay.push({ batch, work });
  };
  const oldest = async (): Promise<RejectedRow<R>[]> => {
    const next = underWay.shift();
    if (next === undefined) return [];
    const settled = await next.work;
    if (!settled.done) throw settled.error;
    const refused = refusals(next.batch, settled.results);
    accepted += next.batch.length - refused.length;
    rejected += refused.length;
    return refused;
  };
  try {
    let batch: R[] = [];
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < batchRows) continue;
      send(batch);
      batch = [];
      if (underWay.length >= inFlight) yield* await oldest();
    }
    if (batch.length > 0) send(batch);
    while (underWay.length > 0) yield* await oldest();
    return { accepted, rejected };
  } finally {
    await Promise.all(underWay.map(({ work }) => work));
  }
}

function refusals<R extends Row>(batch: readonly R[], results: readonly ImportResult[]): RejectedRow<R>[] {
  let next = 0;
  return batch.flatMap((row): RejectedRow<R>[] => {
    if (!row.ok) return [{ row, rejection: null }];
    const result = results[next++];
    if (result === undefined) throw new Error('a row of the import got no result');
    return result.ok ? [] : [{ row, rejection: result.rejection }];
  });
}

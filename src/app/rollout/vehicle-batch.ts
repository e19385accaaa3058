/** The vehicles' side of a batch of messages: epochs that open, inventories, and which messages are stale. */
import { vehicleStream } from '../../domain/shared/streams.ts';
import { vehicleDecider } from '../../domain/vehicle/decide.ts';
import { judgeEpoch, judgeReport } from '../../domain/vehicle/epoch.ts';
import type { TcuEpoch, VehicleEvent } from '../../domain/vehicle/events.ts';
import type { VehicleState } from '../../domain/vehicle/state.ts';
import { foldStream, type Loaded } from '../handle-command.ts';
import type { AppendRequest, AppendResult } from '../ports.ts';
import type { ParsedRecord } from './parse-record.ts';
import type { ShardState } from './shard-state.ts';

export type Heard = Exclude<ParsedRecord, { kind: 'dead' }>;

/** What a message is, as far as its vehicle decides. `counts`: feedback under the current epoch, or an inventory that was recorded. */
export type Verdict =
  | { readonly kind: 'counts'; readonly epoch: TcuEpoch }
  | { readonly kind: 'set-aside'; readonly reason: 'stale-epoch' | 'repeated' }
  | { readonly kind: 'dead'; readonly code: string; readonly reason: string };

export interface DeadInventory {
  readonly message: Heard;
  readonly code: string;
  readonly reason: string;
}

interface Plan {
  readonly vehicleId: string;
  readonly revision: number;
  readonly events: readonly VehicleEvent[];
  /** Feedback of this batch rests on the epoch that these events open. */
  readonly opens: boolean;
  readonly epoch: TcuEpoch | null;
}

type VehicleAppend = AppendRequest & { readonly vehicleId: string };

const ATTEMPTS = 5;
const CHUNK_BYTES = 512 * 1024;

/** Vehicles of which an append did not get through. */
const lostOf = (requests: readonly VehicleAppend[], results: readonly AppendResult[]): string[] => [
  ...new Set(
    requests.filter((_, index) => results[index]?.status !== 'appended').map((request) => request.vehicleId),
  ),
];

/** Inventories are large, and a vehicle may send many at once. */
function chunksOf(events: readonly VehicleEvent[]): VehicleEvent[][] {
  const chunks: VehicleEvent[][] = [];
  let size = 0;
  for (const event of events) {
    const bytes = Buffer.byteLength(JSON.stringify(event.data));
    const last = chunks.at(-1);
    if (last === undefined || size + bytes > CHUNK_BYTES) {
      chunks.push([event]);
      size = bytes;
    } else {
      last.push(event);
      size += bytes;
    }
  }
  return chunks;
}

export class VehicleBatch {
  readonly verdicts = new Map<Heard, Verdict>();
  readonly #state: ShardState;
  readonly #heard = new Map<string, Heard[]>();
  #pending: VehicleAppend[] = [];

  constructor(state: ShardState, heard: readonly Heard[]) {
    this.#state = state;
    for (const message of heard) {
      const { vehicleId } = message.record;
      const list = this.#heard.get(vehicleId);
      if (list === undefined) this.#heard.set(vehicleId, [message]);
      else list.push(message);
    }
  }

  /**
   * Judges every message. Epochs that open are durable when this resolves, because what is decided next rests
   * on them; inventories wait for `requests` and `settle`.
   */
  async judge(): Promise<void> {
    const unknown: string[] = [];
    for (const [vehicleId, list] of this.#heard) {
      const epoch = this.#state.epochs.get(vehicleId);
      if (epoch !== undefined && list.every((message) => isPlain(message, epoch)))
        for (const message of list) this.verdicts.set(message, { kind: 'counts', epoch });
      else unknown.push(vehicleId);
    }
    const plans = await this.#plan(unknown);
    await this.#append(plans.filter((plan) => plan.opens));
    this.#pending = this.#requestsOf(plans.filter((plan) => !plan.opens));
  }

  /** Appends that can go with those of the shard. */
  get requests(): readonly AppendRequest[] {
    return this.#pending;
  }

  /**
   * Takes the results of `requests`; what lost a race against the API is decided and appended again.
   * @returns inventories that could not be recorded after the race, say because the vehicle was decommissioned in it.
   */
  async settle(results: readonly AppendResult[]): Promise<readonly DeadInventory[]> {
    const lost = lostOf(this.#pending, results);
    this.#pending = [];
    if (lost.length === 0) return [];
    await this.#append(await this.#plan(lost));
    return lost
      .flatMap((vehicleId) => this.#heard.get(vehicleId) ?? [])
      .flatMap((message) => {
        const verdict = this.verdicts.get(message);
        if (message.kind !== 'inventory' || verdict?.kind !== 'dead') return [];
        return [{ message, code: verdict.code, reason: verdict.reason }];
      });
  }

  async #append(plans: readonly Plan[]): Promise<void> {
    let left = plans.filter((plan) => plan.events.length > 0);
    for (let attempt = 0; left.length > 0; attempt++) {
      if (attempt === ATTEMPTS)
        throw new Error(`${left[0]?.vehicleId} kept changing while it was decided on`);
      const requests = this.#requestsOf(left);
      const lost = lostOf(requests, await this.#state.log.flush(requests));
      for (const { vehicleId, epoch } of left)
        if (epoch !== null && !lost.includes(vehicleId)) this.#state.epochs.set(vehicleId, epoch);
      left = (await this.#plan(lost)).filter((plan) => plan.events.length > 0);
    }
  }

  #requestsOf(plans: readonly Plan[]): VehicleAppend[] {
    const { log } = this.#state;
    return plans.flatMap(({ vehicleId, revision, events }) => {
      const stream = vehicleStream(vehicleId);
      const metadata = log.metadata();
      let expectedRevision = revision;
      return chunksOf(events).map((chunk) => {
        const made = chunk.map((event) => log.newEvent(event));
        const request = { vehicleId, stream, expectedRevision, events: made, metadata };
        expectedRevision += chunk.length;
        return request;
      });
    });
  }

  async #plan(vehicleIds: readonly string[]): Promise<Plan[]> {
    if (vehicleIds.length === 0) return [];
    const streams = await this.#state.worker.deps.store.readStreams(vehicleIds.map(vehicleStream));
    return vehicleIds.map((vehicleId, index) =>
      this.#decide(vehicleId, foldStream(vehicleDecider, streams[index] ?? [])),
    );
  }

  #decide(vehicleId: string, loaded: Loaded<VehicleState>): Plan {
    let state = loaded.state;
    const events: VehicleEvent[] = [];
    let opens = false;
    for (const message of this.#heard.get(vehicleId) ?? []) {
      if (loaded.newer !== null) {
        const reason = `the vehicle has an event ${loaded.newer} of a newer version`;
        this.verdicts.set(message, { kind: 'dead', code: 'newer-writer', reason });
        continue;
      }
      const decided = this.#decideOne(state, message);
      this.verdicts.set(message, decided.verdict);
      for (const event of decided.events) {
        events.push(event);
        state = vehicleDecider.evolve(state, event);
        opens ||= event.type === 'TcuEpochOpened';
      }
    }
    const epoch = state.stage === 'none' ? null : state.epoch;
    if (!opens && epoch !== null) this.#state.epochs.set(vehicleId, epoch);
    return { vehicleId, revision: loaded.revision, events, opens, epoch };
  }

  #decideOne(
    state: VehicleState,
    message: Heard,
  ): { readonly verdict: Verdict; readonly events: readonly VehicleEvent[] } {
    const { source } = message;
    if (state.stage === 'none')
      return deadVerdict('unknown-vehicle', `there is no vehicle ${message.record.vehicleId}`);
    if (judgeEpoch(state, source.epoch) === 'stale') return setAsideVerdict('stale-epoch');
    if (message.kind === 'inventory' && judgeReport(state, source) === 'repeated')
      return setAsideVerdict('repeated');
    const command =
      message.kind === 'inventory'
        ? ({ type: 'ReportInventory', source: 'ota', ecus: message.ecus, report: source } as const)
        : ({ type: 'OpenTcuEpoch', epoch: source.epoch } as const);
    const known = message.kind === 'feedback' && judgeEpoch(state, source.epoch) === 'current';
    const { deps } = this.#state.worker;
    const decision = known
      ? { ok: true as const, events: [] }
      : vehicleDecider.decide(state, command, {
          now: new Date(deps.clock.now()).toISOString(),
          actor: { kind: 'vehicle', id: state.vehicleId },
          newId: deps.newId,
          digest: deps.digest,
        });
    if (!decision.ok) return deadVerdict(decision.rejection.code, decision.rejection.message);
    return { verdict: { kind: 'counts', epoch: source.epoch }, events: decision.events };
  }
}

/** Feedback under the epoch that is known to be current needs no look at the vehicle. */
const isPlain = (message: Heard, epoch: TcuEpoch): boolean =>
  message.kind === 'feedback' &&
  message.source.epoch.tcu === epoch.tcu &&
  message.source.epoch.reset === epoch.reset;

const deadVerdict = (code: string, reason: string) => ({
  verdict: { kind: 'dead' as const, code, reason },
  events: [],
});
const setAsideVerdict = (reason: 'stale-epoch' | 'repeated') => ({
  verdict: { kind: 'set-aside' as const, reason },
  events: [],
});

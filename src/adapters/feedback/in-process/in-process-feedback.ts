/**
 * The way from the vehicle link to the shard workers within one process: a queue per shard. Whoever publishes
 * waits until the worker has processed what it published, so that a PUBACK that waits for it stands for a
 * durable decision (DESIGN §4.1). While one batch is being processed the next one gathers.
 */
import type {
  Arrival,
  FeedbackRecord,
  FeedbackSink,
  FeedbackSource,
  ShardOwner,
} from '../../../app/ports/feedback.ts';

export interface InProcessFeedbackOptions {
  readonly shards: number;
  /** Records that may wait in one shard; what comes on top is refused, and its sender keeps it. */
  readonly maxQueued?: number;
  /** Records of one call of `ShardOwner.process`. */
  readonly maxBatch?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The queue of a shard is full, or feedback is not being taken. The sender must keep the record. */
export class FeedbackRefusedError extends Error {
  override readonly name = 'FeedbackRefusedError';
}

/** One call of `publish`: settles when all of its records have. */
interface Publication {
  left: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Entry {
  readonly record: FeedbackRecord;
  readonly publication: Publication;
}

/** How long the sender of a refused record has to send it again before time goes on without it, milliseconds. */
const REFUSED_MS = 60_000;

interface ShardQueue {
  waiting: Entry[];
  /** What the owner has now. */
  processing: readonly Entry[];
  running: Promise<void> | null;
  /** Since when records were refused, not processed or not heard lately, and when the last time was; broker time. */
  refused: { readonly oldest: number; readonly last: number } | null;
}

const newQueue = (): ShardQueue => ({ waiting: [], processing: [], running: null, refused: null });

function refuse(queue: ShardQueue, receivedAt: number, now: number): void {
  queue.refused = { oldest: Math.min(refusedSince(queue, now), receivedAt), last: now };
}

/** What was refused is not processed: its sender is still about to send it again. */
function refusedSince(queue: ShardQueue, now: number): number {
  if (queue.refused !== null && now - queue.refused.last >= REFUSED_MS) queue.refused = null;
  return queue.refused?.oldest ?? Number.POSITIVE_INFINITY;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function greet(owner: ShardOwner, vehicles: readonly Arrival[]): Promise<void> {
  for (const [shard, arrivals] of Map.groupBy(vehicles, (arrival) => arrival.shard))
    await owner.greet(
      shard,
      arrivals.map(({ vehicleId }) => vehicleId),
    );
}

export function createInProcessFeedback(options: InProcessFeedbackOptions): FeedbackSink & FeedbackSource {
  const { shards, maxQueued = 20_000, maxBatch = 500, now = Date.now } = options;
  const queues = Array.from({ length: shards }, newQueue);
  const all = queues.map((_, shard) => shard);
  let owner: ShardOwner | null = null;
  let state: 'new' | 'taking' | 'stopped' = 'new';

  /** Processes until nothing waits. Starts a turn later, so that what one read of the sockets brings is one batch. */
  async function run(shard: number, queue: ShardQueue, worker: ShardOwner): Promise<void> {
    await nextTurn();
    while (queue.waiting.length > 0) {
      const batch = queue.waiting.splice(0, maxBatch);
      queue.processing = batch;
      try {
        await worker.process(
          shard,
          batch.map((entry) => entry.record),
        );
        queue.processing = [];
        for (const { publication } of batch) if (--publication.left === 0) publication.resolve();
      } catch (error) {
        queue.processing = [];
        for (const { record, publication } of batch) {
          refuse(queue, record.receivedAt, now());
          publication.reject(error);
        }
      }
    }
    queue.running = null;
  }

  const queueOf = (shard: number): ShardQueue => {
    const queue = queues[shard];
    if (queue === undefined) throw new RangeError(`there is no shard ${shard} of ${shards}`);
    return queue;
  };

  /** Refuses all of the records or none, before any is queued. */
  function mustHaveRoom(records: readonly FeedbackRecord[]): void {
    const added = new Map<number, number>();
    for (const { shard } of records) {
      const count = (added.get(shard) ?? 0) + 1;
      added.set(shard, count);
      if (queueOf(shard).waiting.length + count <= maxQueued) continue;
      for (const record of records) refuse(queueOf(record.shard), record.receivedAt, now());
      throw new FeedbackRefusedError(`${maxQueued} records wait in shard ${shard}`);
    }
  }

  return {
    async publish(records) {
      const worker = owner;
      if (state !== 'taking' || worker === null)
        throw new FeedbackRefusedError('feedback is not being taken');
      mustHaveRoom(records);
      if (records.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        const publication: Publication = { left: records.length, resolve, reject };
        for (const record of records) {
          const queue = queueOf(record.shard);
          queue.waiting.push({ record, publication });
          queue.running ??= run(record.shard, queue, worker);
        }
      });
    },

    async arrived(vehicles) {
      if (owner !== null) await greet(owner, vehicles);
    },

    unheard() {
      for (const queue of queues) refuse(queue, now(), now());
    },

    async start(given) {
      if (state !== 'new') throw new Error('feedback was started before');
      owner = given;
      await given.assign(all);
      state = 'taking';
    },

    watermark(shard) {
      const queue = queueOf(shard);
      const oldest = [...queue.processing, ...queue.waiting].reduce(
        (least, { record }) => Math.min(least, record.receivedAt),
        refusedSince(queue, now()),
      );
      return Math.min(now(), oldest - 1);
    },

    async stop() {
      if (state === 'stopped') return;
      state = 'stopped';
      await Promise.all(queues.map((queue) => queue.running));
      await owner?.revoke(all);
    },
  };
}

/** The thread of everything folded: reads the log beside its writer, folds read models and the targeting index. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Position, ReadModelWriter } from '../../app/ports.ts';
import { type Projector, startProjector } from '../../app/projector.ts';
import { projections } from '../../projections/all.ts';
import { INDEX_PREFIXES, TargetingIndex } from '../../projections/targeting/targeting-index.ts';
import { openLogReader } from '../engines/event-log.ts';
import { openReadModelWriter, type ReadModelSpec } from '../engines/read-models.ts';
import { type FromThread, sendingLog, type ToThread, type ViewsSpec } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');
const spec = workerData as ViewsSpec;
const tell = (message: FromThread): void => port.postMessage(message);
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const failed = (error: unknown): void => tell({ kind: 'failed', error: asError(error) });
const say = sendingLog(tell);

/** What a dashboard lags at most for it; a tenth of what it may (DESIGN §13 B6). */
const BREATH_MS = 25;
const INDEX_BATCH = 1000;
/** How long the batch under way may take at the end. */
const FINISH_MS = 2000;

const log = await openLogReader(spec.log, say);
const index = new TargetingIndex();
/** What is folded now, with the writer that belongs to it. */
let folding: { readonly projector: Projector; readonly writer: ReadModelWriter } | null = null;
const stops: (() => Promise<void>)[] = [() => log.close()];

const moved = (position: Position): void =>
  tell({ kind: 'moved', position, skipped: folding?.projector.skipped() ?? 0 });

async function fold(store: ReadModelSpec, withIndex: boolean, onError: (error: unknown) => void) {
  const writer = await openReadModelWriter(store, say);
  try {
    const projector = await startProjector({
      log,
      writer,
      projections,
      onError,
      ...(withIndex ? { onBatch: (batch) => index.apply(batch) } : {}),
      breathe: () => sleep(BREATH_MS),
      // Read models can be ahead of the index, which begins anew at each start: nothing is there before both are.
      ...(withIndex ? { onMoved: (at) => moved([at, index.position].sort()[0] ?? at) } : {}),
    });
    return { projector, writer };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function endFolding(): Promise<void> {
  const ended = folding;
  folding = null;
  const stopped = ended?.projector.stop();
  // A batch under way is finished, but a store that is away is not waited for: closing its writer ends that.
  await Promise.race([stopped, sleep(FINISH_MS, undefined, { ref: false })]);
  await ended?.writer.close();
  await stopped;
}

/** Begins and ends in the order in which it is told to. */
let turn = Promise.resolve();
function setFolding(on: boolean): void {
  const store = spec.fold?.store;
  if (store === undefined) return;
  turn = turn.then(async () => {
    try {
      await endFolding();
      if (on) folding = await fold(store, false, foldingFailed);
      tell({ kind: 'folding', on, error: null });
    } catch (error) {
      tell({ kind: 'folding', on: false, error: asError(error) });
    }
  });
}

function foldingFailed(error: unknown): void {
  tell({ kind: 'folding', on: false, error: asError(error) });
}

function followIndex(): void {
  const subscription = log.subscribe({
    prefixes: INDEX_PREFIXES,
    batchSize: INDEX_BATCH,
    onError: failed,
    async onBatch(batch) {
      index.apply(batch);
      moved(index.position);
    },
  });
  stops.push(() => subscription.stop());
}

async function stop(): Promise<void> {
  await turn;
  await endFolding();
  for (const step of stops.splice(0).reverse()) await step();
  port?.close();
}

function answer({ id, method, args }: Extract<ToThread, { kind: 'ask' }>): void {
  try {
    const value = (index[method] as (...given: readonly unknown[]) => unknown).apply(
      index,
      args as unknown[],
    );
    tell({ kind: 'answer', id, value, error: null });
  } catch (error) {
    tell({ kind: 'answer', id, value: null, error: asError(error) });
  }
}

port.on('message', (message: ToThread) => {
  if (message.kind === 'ask') answer(message);
  else if (message.kind === 'fold') setFolding(message.on);
  else stop().catch(failed);
});

if (spec.fold?.when === 'always') folding = await fold(spec.fold.store, spec.index, failed);
else if (spec.index) followIndex();
tell({ kind: 'ready' });

/** The projector's own thread: reads the log beside its writer, folds read models and the targeting index. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteEventReader } from '../adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteReadModel } from '../adapters/read-model/sqlite/sqlite-writer.ts';
import { startProjector } from '../app/projector.ts';
import { projections } from '../projections/all.ts';
import { TargetingIndex } from '../projections/targeting/targeting-index.ts';
import type { FromThread, ToThread } from './projector-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');
const paths = workerData as { readonly log: string; readonly readModels: string };
const tell = (message: FromThread): void => port.postMessage(message);
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const log = openSqliteEventReader({ path: paths.log });
const writer = openSqliteReadModel(paths.readModels);
const index = new TargetingIndex();

/** What a dashboard lags at most for it; a tenth of what it may (DESIGN §13 B6). */
const BREATH_MS = 25;

let skipped = (): number => 0;
const projector = await startProjector({
  log,
  writer,
  projections,
  onError: (error) => tell({ kind: 'failed', error: asError(error) }),
  onBatch: (batch) => index.apply(batch),
  breathe: () => sleep(BREATH_MS),
  onMoved: (position) => {
    // Read models can be ahead of the index, which begins anew at each start: nothing is there before both are.
    const [both = position] = [position, index.position].sort();
    tell({ kind: 'moved', position: both, skipped: skipped() });
  },
});

skipped = projector.skipped;

async function stop(): Promise<void> {
  await projector.stop();
  await writer.close();
  await log.close();
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
  else stop().catch((error: unknown) => tell({ kind: 'failed', error: asError(error) }));
});
tell({ kind: 'ready' });

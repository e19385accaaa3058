/** Starts the views thread for what the roles of this process need of it. */
import { systemClock } from '../../adapters/clock/system-clock.ts';
import type { Closing, Context } from '../context.ts';
import { logSpecOf } from '../engines/event-log.ts';
import { readModelSpecOf } from '../engines/read-models.ts';
import { startViewsThread, type ViewsThread } from './views-client.ts';

export interface Views {
  readonly thread: ViewsThread;
  /** Read models are folded from the start, by the thread itself. */
  readonly foldsAlways: boolean;
}

/** Null for a process that needs nothing folded. */
export async function openViews({ config, log, onFatal }: Context, closing: Closing): Promise<Views | null> {
  const index = config.roles.includes('api') || config.roles.includes('gatekeeper');
  const folds = config.roles.includes('projector');
  if (!index && !folds) return null;
  const store = readModelSpecOf(config);
  const foldsAlways = folds && store.kind === 'sqlite';
  const when = foldsAlways ? 'always' : 'when-told';
  const thread = await startViewsThread(
    { log: logSpecOf(config), index, fold: folds ? { store, when } : null },
    { clock: systemClock, log, onFailure: onFatal },
  );
  closing.add('the views', () => thread.stop());
  return { thread, foldsAlways };
}

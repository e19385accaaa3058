/** Appends that took effect although their caller never heard of it. */
import { remoteFaults } from '../../test/doubles/eventstoredb/control.ts';
import type { RunningEngine } from '../engines/engine.ts';
import { controlUrl } from '../engines/eventstore-double.ts';

const ANSWERS = 3;

export async function cutEventStore(engine: RunningEngine): Promise<void> {
  const faults = remoteFaults(controlUrl(engine.directory));
  await faults.loseAnswers('cut', ANSWERS);
  await faults.dropSubscriptions(5, 'cut', ANSWERS);
}

/** Follows a running campaign until it ends, or no longer moves. */
import type { ApiClient } from './api-client.ts';
import type { Output } from './output.ts';
import { type Progress, readProgress } from './run-campaign.ts';

const POLL_MS = 200;
/** A campaign in which nothing changes for so long does not end by itself. */
const STUCK_AFTER_MS = 90_000;
const OVER = ['completed', 'aborted', 'paused'];

/** @returns the last progress; its state tells how it ended. */
export async function watchProgress(
  client: ApiClient,
  output: Output,
  signal: AbortSignal,
): Promise<Progress> {
  let last = '';
  let changedAt = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const progress = await readProgress(client);
    output.show(progress);
    const now = JSON.stringify(progress);
    if (now !== last) {
      last = now;
      changedAt = Date.now();
    }
    if (OVER.includes(progress.state)) return progress;
    if (Date.now() - changedAt > STUCK_AFTER_MS) {
      output.say(`Nothing has changed for ${STUCK_AFTER_MS / 1000} s: the campaign is stuck.`);
      return progress;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

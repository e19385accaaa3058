/**
 * After every answer, kafkajs 2.2.4 looks again at the requests that wait, by a timer that is due when its throttling
 * ends. Where nothing was ever throttled that is in the year 1970, which Node 24 warns of (TimeoutNegativeWarning).
 * When nothing waits and nothing is throttled there is nothing to look at: that timer is left out.
 */
import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since 1970; -1 = never. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  readonly prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;

prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};

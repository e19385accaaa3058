/** Checks that `doctor` makes of every object store. */
import { randomBytes } from 'node:crypto';
import { bad, type Finding, good } from '../../app/ports/probe.ts';
import { BlobStoreError } from './blob-store-error.ts';

/** All checks of one store together. */
export const PROBE_MS = 4500;
/** Both refuse requests that are 15 minutes off, and a link begins and ends by their clock. */
const MAX_SKEW_MS = 60_000;

/** A check of its own: what it resolves with is the detail. Never throws. */
export async function attempt(check: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return good(check, await run());
  } catch (error) {
    if (error instanceof BlobStoreError) return bad(check, error.problem, error.advice);
    return bad(
      check,
      error instanceof Error ? error.message : String(error),
      'Look into the log of the store.',
    );
  }
}

/** What a store must let us do, on an object that is ours alone. */
export interface ProbeObject {
  put(bytes: Uint8Array): Promise<void>;
  get(): Promise<Uint8Array>;
  remove(): Promise<void>;
}

/** Writes, reads and deletes. */
export const checkRoundTrip = (object: ProbeObject): Promise<Finding> =>
  attempt('artifact store permissions', async () => {
    const bytes = randomBytes(64);
    await object.put(bytes);
    try {
      if (!bytes.equals(await object.get())) throw new Error('it gives back other bytes than were written');
    } finally {
      await object.remove();
    }
    return 'an object was written, read and deleted';
  });

/** @param serverTime as the store told it in an answer that came at `now` (milliseconds since 1970). */
export function checkClock(serverTime: Date | undefined, now: number): Finding {
  const check = 'artifact store clock';
  if (serverTime === undefined || Number.isNaN(serverTime.getTime())) return good(check, 'not told');
  const skew_ms = now - serverTime.getTime();
  const detail = `ours is ${Math.abs(Math.round(skew_ms / 1000))} s ${skew_ms < 0 ? 'behind' : 'ahead'}`;
  return Math.abs(skew_ms) <= MAX_SKEW_MS
    ? good(check, detail)
    : bad(check, detail, 'Set the clocks by NTP: requests are refused and links end too early.');
}

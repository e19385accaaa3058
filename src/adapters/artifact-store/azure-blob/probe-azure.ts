/** What `fleetwave doctor` finds out about the container in Azure Blob Storage. */
import { randomUUID } from 'node:crypto';
import { type Finding, good } from '../../../app/ports/probe.ts';
import { INCOMING } from '../object-storage.ts';
import { attempt, checkClock, checkRoundTrip, PROBE_MS } from '../probe-steps.ts';
import { silentWatch } from '../watch.ts';
import { createAzureClient } from './azure-client.ts';
import { placeOf } from './azure-errors.ts';
import type { AzureSettings } from './azure-settings.ts';

/**
 * Reachable, the container there, may we write, read and delete, and whose clock is wrong. Lifecycle rules belong to
 * Azure's management, which the key of an account does not open. Leaves nothing behind; never throws; takes five
 * seconds at most.
 */
export async function probeAzure(settings: AzureSettings): Promise<Finding[]> {
  const { container, call } = createAzureClient(settings, silentWatch(), 2);
  const bounds = { stop: AbortSignal.timeout(PROBE_MS) };
  const blob = container.getBlockBlobClient(`${INCOMING}probe-${randomUUID()}`);
  let clock = checkClock(undefined, 0);
  const reached = await attempt('artifact store', async () => {
    const { date, version } = await call(
      'look at the container',
      (abortSignal) => container.getProperties({ abortSignal }),
      bounds,
    );
    clock = checkClock(date, Date.now());
    return `${placeOf(settings)} (service version ${version ?? 'unknown'})`;
  });
  if (!reached.ok) return [reached];
  const roundTrip = await checkRoundTrip({
    put: async (bytes) => {
      await call('write a blob', (abortSignal) => blob.upload(bytes, bytes.length, { abortSignal }), bounds);
    },
    get: () =>
      call('read a blob', (abortSignal) => blob.downloadToBuffer(0, undefined, { abortSignal }), bounds),
    remove: async () => {
      await call('delete a blob', (abortSignal) => blob.delete({ abortSignal }), bounds);
    },
  });
  return [
    reached,
    roundTrip,
    clock,
    {
      ...good('artifact store rules', 'lifecycle rules are not visible to a key of the account'),
      advice: `A rule that deletes ${INCOMING} after a day is good to have; none may touch content/.`,
    },
  ];
}

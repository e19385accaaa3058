/** What every process of a deployment opens, whatever its roles: the log, the keys, and the way to the other processes. */
import { mkdirSync } from 'node:fs';
import { systemClock } from '../adapters/clock/system-clock.ts';
import { openKeys } from '../adapters/keys/file/open-keys.ts';
import type { Runtime } from '../app/handle-command.ts';
import { createIdSource } from '../app/new-id.ts';
import { createPseudonymIdentity, vinIdentity } from '../app/vehicles/identity.ts';
import { environmentName } from '../config.ts';
import { type Closing, type Context, sha256 } from './context.ts';
import { openDeployment } from './deployment.ts';
import { logSpecOf, openEventLog } from './engines/event-log.ts';
import { openMessaging } from './engines/open-messaging.ts';
import { openViews } from './views/open-views.ts';
import { openVinKeys } from './vin-keys.ts';

export type Shared = Awaited<ReturnType<typeof openShared>>;

/** @throws with the setting's name in it for what can't be had. */
export async function openShared(context: Context, closing: Closing) {
  const { config, log } = context;
  const { paths, masterKey } = config;
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  const eventLog = await openEventLog(logSpecOf(config), log);
  closing.add('the event log', () => eventLog.store.close());
  const runtime: Runtime = {
    store: eventLog.store,
    now: systemClock.now,
    newId: createIdSource(systemClock.now),
    digest: sha256,
  };
  const deployment = await openDeployment(runtime, config);
  const master =
    masterKey === undefined
      ? {}
      : { masterKey: { base64: masterKey, setting: environmentName('masterKey') } };
  const keys = await openKeys({ directory: paths.keys, ...master });
  const vinKeys = deployment.identity === 'pseudonym' ? openVinKeys(paths.keys) : null;
  closing.add('the keys of VINs', () => vinKeys?.close());
  const messaging = await openMessaging(context, closing);
  return {
    eventLog,
    runtime,
    keys,
    identity: vinKeys === null ? vinIdentity : createPseudonymIdentity(vinKeys.pseudonymKey, vinKeys),
    messaging,
    views: await openViews(context, closing),
  };
}

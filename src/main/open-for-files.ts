/** What `mosquitto-files` reads from: the log that is configured, and the secrets that passwords are made of. */
import { openKeys } from '../adapters/keys/file/open-keys.ts';
import type { OpenedForFiles } from '../cli/mosquitto-files.ts';
import { type Config, environmentName } from '../config.ts';
import { logSpecOf, openLogReader } from './engines/event-log.ts';
import { createLogger, toLog } from './log.ts';

export async function openForFiles(config: Config): Promise<OpenedForFiles> {
  const log = toLog(createLogger(config));
  const { masterKey, paths } = config;
  const master =
    masterKey === undefined
      ? {}
      : { masterKey: { base64: masterKey, setting: environmentName('masterKey') } };
  const { fleetSecrets } = await openKeys({ directory: paths.keys, ...master });
  const store = await openLogReader(logSpecOf(config), log);
  return { store, fleetSecrets, log, close: () => store.close() };
}

import { Command } from 'commander';
import { describeSettings, loadConfig, ROLES } from '../config.ts';
import type { RunningServer } from '../main.ts';

interface Flags {
  roles?: string;
  dataDir?: string;
  httpPort?: string;
  mqttPort?: string;
  jsonReady?: boolean;
}

/** How long a stop may take before the process ends anyway, milliseconds. */
const STOP_LIMIT_MS = 10_000;

const settings = (): string =>
  describeSettings()
    .map(
      ({ name, about, fallback }) => `  ${name.padEnd(28)}${about}${fallback === '' ? '' : ` (${fallback})`}`,
    )
    .join('\n');

/** `fleetwave start`: the whole server in this process, until SIGINT or SIGTERM. */
export const startCommand = (): Command =>
  new Command('start')
    .description('run the server: HTTP API, MQTT broker, workers, read models; or some of its roles')
    .option('--roles <list>', `of ${ROLES.join(',')} (FLEETWAVE_ROLES; default: all)`)
    .option('--data-dir <dir>', 'where everything is kept (FLEETWAVE_DATA_DIR; default ./data)')
    .option('--http-port <port>', 'FLEETWAVE_HTTP_PORT; 0 = any free one; default 7400')
    .option('--mqtt-port <port>', 'FLEETWAVE_MQTT_PORT; 0 = any free one; default 7401')
    .option('--json-ready', 'when ready, print one line of JSON on stdout and nothing else')
    .addHelpText('after', () => `\nSettings from the environment (flags win):\n${settings()}`)
    .action(async (flags: Flags) => {
      const { jsonReady, ...given } = flags;
      // Loaded here, so that the other commands start fast.
      const { startServer } = await import('../main.ts');
      const server = await startServer(loadConfig(given, process.env), (error) => {
        console.error(`Fleetwave can't go on: ${error.message}`);
        process.exit(1);
      });
      if (jsonReady === true) {
        const { http, mqtt, adminKeyFile, roles } = server;
        console.log(JSON.stringify({ ready: true, roles, http, mqtt, adminKeyFile }));
      } else greet(server);
      stopOnSignal(server);
    });

function greet({ http, mqtt, roles, adminKeyFile, newAdminKey }: RunningServer): void {
  const api = adminKeyFile !== null;
  const lines = [
    roles.length === ROLES.length ? 'Fleetwave is ready.' : `Fleetwave is ready: ${roles.join(', ')}.`,
    api
      ? `  HTTP API   ${http}   reference: ${http}/docs`
      : `  health     ${http}/readyz   metrics: ${http}/metrics`,
  ];
  if (mqtt !== null) lines.push(`  MQTT       ${mqtt}`);
  if (api) lines.push(`  admin key  ${adminKeyFile}`);
  // Output that is not a terminal may be kept by others: a log collector, a CI system.
  if (newAdminKey !== null && process.stdout.isTTY) lines.push(`             ${newAdminKey}`);
  lines.push('Stop with Ctrl-C.');
  if (api) lines.push('Next: `npx fleetwave keys add --person ada --roles developer,planner`');
  console.log(lines.join('\n'));
}

function stopOnSignal(server: RunningServer): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    console.error(`${signal}: finishing what was begun. Once more to end at once.`);
    setTimeout(() => {
      console.error(`not finished after ${STOP_LIMIT_MS} ms: ending; nothing that was receipted is lost.`);
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/**
 * The double as a process of its own:
 * `node serve.ts --directory DIR --port PORT --control-port PORT [--version 23.10|24.10|25.1]`.
 * Prints one line of JSON when it serves: `{"url", "control", "pid"}`. SIGTERM and SIGINT end it.
 */
import { parseArgs } from 'node:util';
import { BEHAVIOURS, type ServerVersion } from './behaviour.ts';
import { controlUrlOf, startControl } from './control.ts';
import { startEventStoreDouble } from './double.ts';

const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    version: { type: 'string', default: '24.10' },
  },
});

const isVersion = (text: string): text is ServerVersion => text in BEHAVIOURS;

if (values.directory === undefined) throw new Error('--directory says where the log is kept.');
if (!isVersion(values.version))
  throw new Error(`--version is one of ${Object.keys(BEHAVIOURS).join(', ')}, not ${values.version}.`);

const double = await startEventStoreDouble({
  directory: values.directory,
  port: Number(values.port),
  version: values.version,
});
const control = await startControl(double, Number(values['control-port']));
console.log(JSON.stringify({ url: double.url, control: controlUrlOf(control), pid: process.pid }));

const stop = (): void => {
  control.close();
  control.closeAllConnections();
  double.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

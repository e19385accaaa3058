/** `npm run engines`: the engines of a distributed deployment, started natively in the background. */
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { addressOf } from './engines/address.ts';
import type { EngineName } from './engines/engine.ts';
import { ENGINES, recipe } from './engines/recipes.ts';
import { type SharedEngine, sharedEngine, startShared, stopShared } from './engines/shared.ts';

interface Flags {
  readonly dir: string;
  readonly json?: boolean;
}

type State = 'up' | 'down' | 'failed' | 'unreachable' | 'stopped' | 'installed';

interface Line {
  readonly name: EngineName;
  readonly state: State;
  readonly engine?: SharedEngine | undefined;
  readonly problem?: string;
}

const REACH_MS = 2000;
const BAD: readonly State[] = ['failed', 'unreachable'];
const say = (line: string): void => console.error(line);

/** Does one thing to every engine side by side; one that fails does not keep the others from it. */
async function each(
  names: readonly EngineName[],
  work: (name: EngineName) => Promise<Line>,
): Promise<Line[]> {
  return await Promise.all(
    names.map((name) =>
      work(name).catch((error: Error): Line => ({ name, state: 'failed', problem: error.message })),
    ),
  );
}

async function up(name: EngineName, dir: string): Promise<Line> {
  const running = sharedEngine(join(dir, name));
  if (running !== null) return { name, state: 'up', engine: running };
  await recipe(name).install((line) => say(`${name}: ${line}`));
  say(`${name}: starting`);
  return { name, state: 'up', engine: await startShared(recipe(name), join(dir, name)) };
}

async function status(name: EngineName, dir: string): Promise<Line> {
  const engine = sharedEngine(join(dir, name));
  if (engine === null) return { name, state: 'down' };
  return { name, state: (await answers(engine.url)) ? 'up' : 'unreachable', engine };
}

const answers = (url: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect({ ...addressOf(url), timeout: REACH_MS });
    const end = (reached: boolean): void => {
      socket.destroy();
      done(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });

function show(lines: readonly Line[], { json }: Flags): void {
  if (lines.some(({ state }) => BAD.includes(state))) process.exitCode = 1;
  if (json === true) {
    const rows = lines.map(({ name, state, engine, problem }) => ({
      name,
      state,
      ...(engine && { setting: engine.setting, url: engine.url, version: engine.version, pid: engine.pid }),
      ...(problem !== undefined && { problem }),
    }));
    console.log(JSON.stringify(rows, null, 2));
    return;
  }
  for (const { name, state, engine, problem } of lines) {
    const more =
      engine === undefined ? '' : `  ${engine.version}, pid ${engine.pid}\n    ${settingOf(engine)}`;
    console.log(`${name.padEnd(18)}${state}${more}${problem === undefined ? '' : `: ${problem}`}`);
  }
}

const settingOf = ({ setting, url }: SharedEngine): string => `${setting}='${url.replaceAll("'", "'\\''")}'`;

/** What a shell reads to run Fleetwave on them. Artifacts have one store: with S3 up, Azure is only mentioned. */
function environment(lines: readonly Line[]): string {
  const engines = lines.flatMap(({ engine }) => (engine === undefined ? [] : [engine]));
  const s3 = engines.some(({ name }) => name === 's3');
  return engines
    .map(
      (engine) => `${s3 && engine.name === 'azurite' ? '# instead of S3: ' : ''}export ${settingOf(engine)}`,
    )
    .join('\n');
}

const command = (
  name: string,
  about: string,
  action: (names: readonly EngineName[], flags: Flags) => unknown,
) =>
  new Command(name)
    .description(about)
    .addArgument(new Argument('[names...]', 'which engines').choices(ENGINES).default(ENGINES, 'all'))
    .option('--dir <dir>', 'where their data, logs and pids are', '.engines')
    .option('--json', 'the result as JSON')
    .action(async (names: readonly EngineName[], flags: Flags) => {
      await action(names, { ...flags, dir: resolve(flags.dir) });
    });

await new Command('engines')
  .description('Start and stop the engines of a distributed deployment on this machine, on loopback')
  .showHelpAfterError('(add --help for what there is)')
  .addCommand(
    command(
      'up',
      'install what is missing, start what is not running, print the settings',
      async (names, flags) => show(await each(names, (name) => up(name, flags.dir)), flags),
    ),
  )
  .addCommand(
    command('down', 'stop them, each by its own pid; their data stays', async (names, flags) =>
      show(
        await each(names, async (name) => {
          const stopped = await stopShared(join(flags.dir, name));
          return { name, state: stopped ? 'stopped' : 'down' };
        }),
        flags,
      ),
    ),
  )
  .addCommand(
    command('status', 'which of them run and can be reached', async (names, flags) =>
      show(await each(names, (name) => status(name, flags.dir)), flags),
    ),
  )
  .addCommand(
    command(
      'env',
      'print their settings for a shell: eval "$(npm run -s engines -- env)"',
      async (names, flags) => console.log(environment(await each(names, (name) => status(name, flags.dir)))),
    ),
  )
  .addCommand(
    command('install', 'only fetch and build what they run from', async (names, flags) =>
      show(
        await each(names, async (name) => {
          await recipe(name).install((line) => say(`${name}: ${line}`));
          return { name, state: 'installed' };
        }),
        flags,
      ),
    ),
  )
  .parseAsync();

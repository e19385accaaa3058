/**
 * `npm run chaos`: a deployment on real engines with a campaign under way, and one random fault after another. At the
 * end every account must agree: the fleet's ledger, the log, the read models and what the seed says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { PROCESSES } from '../src/demo/cluster.ts';
import { createRandom, type Random } from '../src/simulator/random.ts';
import {
  cutAppend,
  type Fault,
  freezeEngine,
  killEngine,
  killProcess,
  loseReadModels,
  mixRecords,
  stopProcess,
  wipeMosquitto,
} from './chaos/faults.ts';
import { OVER, openWorld, type World } from './chaos/world.ts';

interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly vehicles: number;
  readonly json?: boolean;
  readonly keepData?: string;
}

/** Longer than the session of a worker in its consumer group lasts. */
const PAST_SESSION_MS = 14_000;
/** The log must have moved on by then, or what was disturbed did not recover. */
const RECOVER_MS = 90_000;

const FAULTS: readonly Fault[] = [
  // What dies most often comes more than once.
  ...PROCESSES.map(killProcess),
  ...PROCESSES.map(killProcess),
  stopProcess('rollout-1', PAST_SESSION_MS),
  stopProcess('rollout-2', PAST_SESSION_MS),
  killEngine('kafka', 1000),
  killEngine('documents', 1000),
  killEngine('eventstore-double', 1000),
  killEngine('s3', 500),
  wipeMosquitto(500),
  freezeEngine('kafka', 6000),
  freezeEngine('documents', 6000),
  freezeEngine('eventstore-double', 6000),
  freezeEngine('mosquitto', 6000),
  cutAppend,
  mixRecords,
  loseReadModels,
];

interface Printer {
  say(line: string): void;
  fact(fact: Readonly<Record<string, unknown>>): void;
}

const printer = (json: boolean): Printer =>
  json
    ? {
        say: (line) => process.stderr.write(`${line}\n`),
        fact: (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`),
      }
    : {
        say: (line) => process.stdout.write(`${line}\n`),
        fact: (fact) =>
          process.stdout.write(
            `${Object.entries(fact)
              .map(([key, value]) => `${key}=${String(value)}`)
              .join('  ')}\n`,
          ),
      };

/** Where the log is now, as soon as it is further than `before`; a deployment that stands still is nothing to disturb. */
async function movedOn(world: World, before: string | null): Promise<string> {
  const end = Date.now() + RECOVER_MS;
  for (;;) {
    const now = await world.head();
    if (now !== null && now !== before) return now;
    if (Date.now() > end)
      throw new Error(`the log has not moved on from ${before} for ${RECOVER_MS / 1000} s`);
    await sleep(100);
  }
}

/** Read models may be behind, or away: what is not known to be over is under way. */
const isUnderWay = async (world: World): Promise<boolean> => {
  const progress = await world.progress();
  return progress === null || !OVER.includes(progress.state);
};

/** @returns how many faults were inflicted. */
async function disturb(world: World, random: Random, until: number, { fact }: Printer): Promise<number> {
  const started = Date.now();
  let faults = 0;
  let position = await movedOn(world, null);
  while (Date.now() < until && (await isUnderWay(world))) {
    // An idle process is no target: something must have happened since the last fault.
    const before = await movedOn(world, position);
    const fault = FAULTS[Math.floor(random() * FAULTS.length)] as Fault;
    const { what, target, pid, signal } = await fault.inflict(world, random);
    position = await movedOn(world, before);
    faults += 1;
    const at_s = Math.round((Date.now() - started) / 100) / 10;
    fact({ fault: fault.name, target, pid, signal, what, before, after: position, at_s });
    await sleep(500 + random() * 2500);
  }
  return faults;
}

async function run(flags: Flags): Promise<number> {
  const print = printer(flags.json === true);
  const campaign_s = flags.minutes * 60;
  const world = await openWorld({
    vehicles: flags.vehicles,
    seed: flags.seed,
    campaign_s,
    say: print.say,
    keep: flags.keepData,
  });
  process.once('SIGINT', () => void world.close().then(() => process.exit(130)));
  try {
    const faults = await disturb(world, createRandom(flags.seed), Date.now() + campaign_s * 1000, print);
    print.say(`${faults} faults; waiting for the end of the campaign`);
    const { state, lost, countedTwice, complaints } = await world.prove();
    for (const complaint of complaints) print.say(`BAD  ${complaint}`);
    const agree = complaints.length === 0 && state === 'completed';
    print.fact({ faults, lost, countedTwice, agree });
    return agree && lost === 0 && countedTwice === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
}

const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`a number from ${least} to ${most}`);
    return value;
  };

await new Command('chaos')
  .description(
    'Disturb a deployment on real engines while a campaign runs, and compare all accounts at the end',
  )
  .option('--minutes <n>', 'how long', number(0.5, 1440), 2)
  .option('--seed <n>', 'decides fleet and faults', number(0, 0xffff_ffff), 1)
  .option('--vehicles <n>', 'size of the fleet', number(50, 100_000), 2000)
  .option('--keep-data <dir>', 'keep logs and data in this directory (new or empty)')
  .option('--json', 'a line of JSON per fault, and one at the end')
  .action(async (flags: Flags) => {
    process.exitCode = await run(flags);
  })
  .parseAsync();

/** `fleetwave simulate`, `reconcile` and `demo`: options as their programs define them. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { runDemo } from '../demo/demo.ts';
import { type DemoOptions, demoOptions } from '../demo/options.ts';
import { type ReconcileOptions, reconcileOptions, runReconcile } from '../reconcile/reconcile.ts';
import { type OptionSpec, type SimulatorOptions, simulatorOptions } from '../simulator/options.ts';
import { runSimulator } from '../simulator/simulate.ts';

function toOption({ flags, description, choices, fallback, parse }: OptionSpec): Option {
  const option = new Option(flags, description);
  if (choices !== undefined) option.choices(choices);
  if (fallback !== undefined) option.default(fallback);
  if (parse === undefined) return option;
  return option.argParser((text: string) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  });
}

/** A program that ends with its own exit code. */
function program<Flags>(
  name: string,
  description: string,
  options: readonly Option[],
  run: (flags: Flags) => Promise<number>,
): Command {
  const command = new Command(name).description(description);
  for (const option of options) command.addOption(option);
  return command.action(async (flags: Flags) => {
    process.exitCode = await run(flags);
  });
}

export const simulateCommand = (): Command =>
  program<SimulatorOptions>(
    'simulate',
    'attach virtual vehicles to a running server, until Ctrl-C',
    simulatorOptions.map(toOption),
    (flags) => runSimulator(flags),
  );

export const demoCommand = (): Command =>
  program<DemoOptions>(
    'demo',
    'a whole campaign over a simulated fleet, on a throw-away server, and the proof that nothing was lost',
    demoOptions.map(toOption),
    runDemo,
  );

export const reconcileCommand = (): Command =>
  program<ReconcileOptions>(
    'reconcile',
    "compare a simulator's ledger with the server's event export; exit code 0 only if they agree",
    reconcileOptions.map(({ flags, description, mandatory }) =>
      new Option(flags, description).makeOptionMandatory(mandatory),
    ),
    runReconcile,
  );

/** The programs beside the server: demo, simulated fleet, reconcile. Each names its own options. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { demoOptions } from '../demo/options.ts';
import { reconcileOptions } from '../reconcile/reconcile.ts';
import { type OptionSpec, simulatorOptions } from '../simulator/options.ts';

type Spec = OptionSpec & { readonly mandatory?: boolean };

function toOption({ flags, description, choices, fallback, parse, mandatory }: Spec): Option {
  const option = new Option(flags, description);
  if (choices !== undefined) option.choices(choices);
  if (fallback !== undefined) option.default(fallback);
  if (parse !== undefined)
    option.argParser((text) => {
      try {
        return parse(text);
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });
  return option.makeOptionMandatory(mandatory === true);
}

function program(
  name: string,
  about: string,
  specs: readonly Spec[],
  run: (flags: object) => Promise<number>,
): Command {
  const command = new Command(name).description(about);
  for (const spec of specs) command.addOption(toOption(spec));
  return command.action(async (flags: object) => {
    process.exitCode = await run(flags);
  });
}

export const demoCommand = (): Command =>
  program(
    'demo',
    'a whole campaign over a simulated fleet, on a throw-away server',
    demoOptions,
    async (flags) => {
      const { runDemo } = await import('../demo/demo.ts');
      return runDemo(flags);
    },
  );

export const simulateCommand = (): Command =>
  program('simulate', 'attach simulated vehicles to a running server', simulatorOptions, async (flags) => {
    const { runSimulator } = await import('../simulator/simulate.ts');
    return runSimulator(flags);
  });

export const reconcileCommand = (): Command =>
  program(
    'reconcile',
    "compare a fleet's ledger with the server's event export",
    reconcileOptions,
    async (flags) => {
      const { runReconcile } = await import('../reconcile/reconcile.ts');
      return runReconcile(flags as { ledger: string; events: string });
    },
  );

/** The engines under a deployment that is disturbed: each can be killed, stopped, and started again where it was. */
import { join } from 'node:path';
import type { EngineName, RunningEngine } from '../engines/engine.ts';
import { recipe } from '../engines/recipes.ts';

export const DISTRIBUTED: readonly EngineName[] = [
  'eventstore-double',
  'kafka',
  'documents',
  'mosquitto',
  's3',
];

export class EngineSet {
  readonly #directory: string;
  readonly #running = new Map<EngineName, RunningEngine>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async startAll(say: (line: string) => void): Promise<void> {
    const results = await Promise.allSettled(
      DISTRIBUTED.map(async (name) => {
        await recipe(name).install(say);
        await this.start(name);
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Starts it, or starts it again on what it left behind and on its old port. */
  async start(name: EngineName): Promise<RunningEngine> {
    const engine = await recipe(name).start({ directory: this.directoryOf(name) });
    this.#running.set(name, engine);
    return engine;
  }

  get(name: EngineName): RunningEngine {
    const engine = this.#running.get(name);
    if (engine === undefined) throw new Error(`${name} was not started`);
    return engine;
  }

  directoryOf(name: EngineName): string {
    return join(this.#directory, name);
  }

  /** `FLEETWAVE_…` settings. */
  get environment(): Record<string, string> {
    return Object.fromEntries([...this.#running].map(([name, { url }]) => [recipe(name).setting, url]));
  }

  get versions(): readonly string[] {
    return [...this.#running.values()].map(({ version }) => version);
  }

  async stopAll(): Promise<void> {
    await Promise.allSettled(
      [...this.#running.values()].map(async (engine) => {
        // One that is stopped does not hear SIGTERM.
        engine.kill('SIGCONT');
        await engine.stop();
      }),
    );
  }
}

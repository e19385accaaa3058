/** What every engine that is started natively has in common: for development, the tests and CI (`npm run engines`). */

export type EngineName = 'eventstore-double' | 'kafka' | 'documents' | 'mosquitto' | 's3' | 'azurite';

export interface StartOptions {
  /** All that it keeps: data, configuration, log and pid. Made when it is missing; what is in it is gone on with. */
  readonly directory: string;
  /** Loopback port; 0 or left out = any free one, remembered in the directory so that a restart has the same. */
  readonly port?: number;
}

export interface RunningEngine {
  readonly name: EngineName;
  /** What the engine's `FLEETWAVE_…` setting takes. */
  readonly url: string;
  /** Product and version, as the table of the tests shows it. */
  readonly version: string;
  readonly pid: number;
  readonly directory: string;
  /** SIGTERM to its own pid, SIGKILL when that does not end it; resolves when it is gone. */
  stop(): Promise<void>;
  /** Sends a signal to its own pid and returns at once. */
  kill(signal: NodeJS.Signals): void;
}

export interface EngineRecipe {
  readonly name: EngineName;
  /** The `FLEETWAVE_…` setting that its `url` is for. */
  readonly setting: string;
  /** Makes what it runs from, in a cache that outlives it; does nothing when it is there. Safe to call side by side. */
  install(say: (line: string) => void): Promise<void>;
  /** Resolves when it really serves (a request succeeds), not when its port is open. @throws Error with the end of its log. */
  start(options: StartOptions): Promise<RunningEngine>;
}

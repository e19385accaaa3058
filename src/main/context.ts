/** What every part of a process is given, and what it tells of itself. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Log } from '../app/ports.ts';
import type { Config, Role } from '../config.ts';

export interface Context {
  readonly config: Config;
  readonly logger: Logger;
  readonly log: Log;
  /** Something without which the process must not go on. */
  readonly onFatal: (error: Error) => void;
}

/** One line of the answer of `/readyz`. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export type Counters = () => Readonly<Record<string, number>>;

/** A role at work. */
export interface RunningRole {
  readonly name: Role;
  readonly checks: () => readonly Check[];
  /** Resolves when it does its work, or waits for its turn. */
  start(): Promise<void>;
  /** Finishes what was begun. */
  stop(): Promise<void>;
}

/** What is opened is put here at once, so that a start that fails leaves nothing running. */
export class Closing {
  readonly #steps: { readonly what: string; readonly step: () => Promise<void> | void }[] = [];

  add(what: string, step: () => Promise<void> | void): void {
    this.#steps.push({ what, step });
  }

  /** In the reverse order. A step that fails does not keep the others from being done. @throws the first failure. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const { what, step } of this.#steps.splice(0).reverse())
      try {
        await step();
      } catch (error) {
        failures.push(new Error(`closing ${what} failed`, { cause: error }));
      }
    if (failures.length > 0) throw failures[0];
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What is done to a running deployment, and how it is undone. Each fault returns when its cause is gone again. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '../../src/demo/cluster.ts';
import type { Random } from '../../src/simulator/random.ts';
import type { EngineName } from '../engines/engine.ts';
import { cutEventStore } from './event-store-faults.ts';
import { dropReadModels } from './read-model-faults.ts';
import { disturbRecords } from './record-faults.ts';
import type { World } from './world.ts';

export interface Inflicted {
  readonly what: string;
  readonly target: string;
  /** Null where no process was hit. */
  readonly pid: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Fault {
  readonly name: string;
  readonly inflict: (world: World, random: Random) => Promise<Inflicted>;
}

const between = (random: Random, least: number, most: number): number => least + random() * (most - least);

/** SIGKILL, and a start a moment later. */
export const killProcess = (name: ProcessName): Fault => ({
  name: `kill ${name}`,
  async inflict({ cluster }, random) {
    const child = cluster.processes.get(name);
    if (child?.process.pid === undefined) throw new Error(`${name} does not run`);
    const { pid } = child.process;
    child.process.kill('SIGKILL');
    await child.ended;
    await sleep(between(random, 0, 500));
    await cluster.restart(name);
    return { what: 'killed and started again', target: name, pid, signal: 'SIGKILL' };
  },
});

/** Stands still longer than its session lasts: others take its work over, and it must notice when it wakes up. */
export const stopProcess = (name: ProcessName, ms: number): Fault => ({
  name: `stop ${name}`,
  async inflict({ cluster }) {
    const child = cluster.processes.get(name);
    if (child?.process.pid === undefined) throw new Error(`${name} does not run`);
    child.process.kill('SIGSTOP');
    await sleep(ms);
    child.process.kill('SIGCONT');
    return { what: `stood still for ${ms} ms`, target: name, pid: child.process.pid, signal: 'SIGSTOP' };
  },
});

/** kill -9 of an engine, and a start on what it left behind. */
export const killEngine = (name: EngineName, away_ms: number): Fault => ({
  name: `kill ${name}`,
  async inflict({ engines }) {
    const engine = engines.get(name);
    engine.kill('SIGKILL');
    await sleep(away_ms);
    await engine.stop();
    await engines.start(name);
    return { what: `killed, away for ${away_ms} ms`, target: name, pid: engine.pid, signal: 'SIGKILL' };
  },
});

/** Connections stay open and nothing answers: the worst way to be away. */
export const freezeEngine = (name: EngineName, ms: number): Fault => ({
  name: `freeze ${name}`,
  async inflict({ engines }) {
    const engine = engines.get(name);
    engine.kill('SIGSTOP');
    await sleep(ms);
    engine.kill('SIGCONT');
    return { what: `did not answer for ${ms} ms`, target: name, pid: engine.pid, signal: 'SIGSTOP' };
  },
});

/** What Mosquitto has acknowledged and not delivered is gone, and so are its retained offers and sessions. */
export const wipeMosquitto = (away_ms: number): Fault => ({
  name: 'wipe mosquitto',
  async inflict({ engines }) {
    const engine = engines.get('mosquitto');
    engine.kill('SIGKILL');
    await engine.stop();
    rmSync(join(engine.directory, 'mosquitto.db'), { force: true });
    rmSync(join(engine.directory, 'data'), { recursive: true, force: true });
    await sleep(away_ms);
    await engines.start('mosquitto');
    return { what: 'killed, its persistence lost', target: 'mosquitto', pid: engine.pid, signal: 'SIGKILL' };
  },
});

export const cutAppend: Fault = {
  name: 'cut append',
  async inflict({ engines }) {
    const engine = engines.get('eventstore-double');
    await cutEventStore(engine);
    return {
      what: 'appends took effect, their answers were lost',
      target: engine.name,
      pid: engine.pid,
      signal: null,
    };
  },
};

export const mixRecords: Fault = {
  name: 'mix records',
  async inflict({ engines }, random) {
    const what = await disturbRecords(engines.get('kafka').url, random);
    return { what, target: 'kafka', pid: null, signal: null };
  },
};

export const loseReadModels: Fault = {
  name: 'drop read models',
  async inflict({ engines }) {
    await dropReadModels(engines.get('documents').url);
    return { what: 'read models dropped, to be built anew', target: 'documents', pid: null, signal: null };
  },
};

/** Each role is killed ten times while a campaign of 2,000 vehicles runs: nothing is lost, nothing counted twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killProcess } from '../../../scripts/chaos/faults.ts';
import { openWorld, type Proof, type World } from '../../../scripts/chaos/world.ts';
import type { ProcessName } from '../../../src/demo/cluster.ts';
import { createRandom } from '../../../src/simulator/random.ts';

const VEHICLES = 2000;
const SEED = 40_000;
const KILLS = 10;
/** Longer than all kills take: they are to happen while it runs. */
const CAMPAIGN_S = 130;
const STORY_MS = 900_000;
/** Processes of a role: its kills are shared out among them. */
const ROLES: Readonly<Record<string, readonly ProcessName[]>> = {
  api: ['api'],
  bridge: ['bridge'],
  rollout: ['rollout-1', 'rollout-2'],
  gatekeeper: ['gatekeeper'],
  projector: ['projector'],
};

interface Kill {
  readonly role: string;
  readonly pid: number | null;
  /** Of the campaign just before; null while the API was away. */
  readonly state: string | null;
}

const kills: Kill[] = [];
let world: World;
let proof: Proof;

async function killAgainAndAgain(role: string, processes: readonly ProcessName[]): Promise<void> {
  const random = createRandom(SEED + processes.length + role.length);
  for (let n = 0; n < KILLS; n++) {
    await sleep(500 + random() * 3500);
    const name = processes[n % processes.length] as ProcessName;
    const state = (await world.progress())?.state ?? null;
    const { pid } = await killProcess(name).inflict(world, random);
    kills.push({ role, pid, state });
  }
}

beforeAll(async () => {
  world = await openWorld({
    vehicles: VEHICLES,
    seed: SEED,
    campaign_s: CAMPAIGN_S,
    say: () => undefined,
    keep: process.env['KEEP_E2E'],
  });
  await Promise.all(Object.entries(ROLES).map(([role, processes]) => killAgainAndAgain(role, processes)));
  proof = await world.prove();
}, STORY_MS);

afterAll(() => world?.close(), 60_000);

describe('a deployment whose processes are killed again and again', () => {
  it.each(Object.keys(ROLES))('lost a process of the role %s ten times, in a running campaign', (role) => {
    const mine = kills.filter((kill) => kill.role === role);
    expect(mine).toHaveLength(KILLS);
    expect(new Set(mine.map(({ pid }) => pid)).size).toBe(KILLS);
    for (const { state } of mine) expect([null, 'running']).toContain(state);
    expect(mine.some(({ state }) => state === 'running')).toBe(true);
  });

  it('completed the campaign: ledger, log, read models and seed agree', () => {
    expect(proof).toEqual({ state: 'completed', lost: 0, countedTwice: 0, complaints: [] });
  });
});

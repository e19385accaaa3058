import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { CALM, fateOf, type Rates } from '../../src/simulator/fate.ts';
import type { LedgerLine } from '../../src/simulator/ledger.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { runSimulator } from '../../src/simulator/simulate.ts';
import { CAMPAIGN, type Double, type DoubleOptions, startDouble } from './double.ts';

const directory = mkdtempSync(join(tmpdir(), 'simulator-'));
afterAll(() => rmSync(directory, { recursive: true }));

let double: Double | null = null;
afterEach(async () => {
  await double?.stop();
  double = null;
});

/** Under it the fleet of 40 has TCUs that are replaced and reset, after acceptance and in a download, and both kinds of reboots. */
const SEED = 5;
const account = (index: number, part = 'TCM-100') => ({
  index,
  vehicleId: `VEHICLE${index}`,
  username: `VEHICLE${index}`,
  password: 'secret',
  ecus: [
    {
      type: 'TCM',
      position: '',
      serial: `S${index}`,
      hardware: { part, version: '1.0.0' },
      components: [{ name: 'main', part: '', softwareVersion: '1.0.0' }],
    },
  ],
});

interface Run {
  readonly code: number;
  readonly lines: readonly LedgerLine[];
  readonly of: <K extends LedgerLine['k']>(kind: K) => Extract<LedgerLine, { k: K }>[];
}

/** Runs a fleet against a double until `until` holds. */
async function simulate(
  vehicles: number,
  options: SimulatorOptions & { part?: string },
  server: DoubleOptions,
  until: (double: Double) => boolean,
): Promise<Run> {
  double = await startDouble(server);
  const at = double;
  const fleet = join(directory, 'fleet.ndjson');
  const ledger = join(directory, 'ledger.ndjson');
  const accounts = Array.from({ length: vehicles }, (_, i) => account(i, options.part));
  writeFileSync(fleet, accounts.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const stop = new AbortController();
  const running = runSimulator(
    {
      server: at.server,
      mqtt: at.mqtt,
      fleet,
      ledger,
      vehicles,
      seed: SEED,
      roughness: 0,
      resendAfterMs: 200,
      graceMs: 20_000,
      quiet: true,
      ...options,
    },
    stop.signal,
  );
  const deadline = Date.now() + 20_000;
  while (!until(at) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  const code = await running;
  const lines = readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerLine);
  const of = <K extends LedgerLine['k']>(kind: K): Extract<LedgerLine, { k: K }>[] =>
    lines.filter((line): line is Extract<LedgerLine, { k: K }> => line.k === kind);
  return { code, lines, of };
}

const kinds = (at: Double, vehicleId: string): string[] =>
  at.heard
    .filter((heard) => heard.vehicleId === vehicleId)
    .map(({ message }) => ('kind' in message ? message.kind : 'inventory'));
const count = (at: Double, kind: string): number =>
  new Set(
    at.heard
      .filter(({ message }) => 'kind' in message && message.kind === kind)
      .map(({ vehicleId, message }) => `${vehicleId} ${'attempt' in message ? message.attempt : ''}`),
  ).size;
const failing = (vehicles: number, rates: Partial<Rates>): number =>
  Array.from({ length: vehicles }, (_, i) => fateOf(SEED, i, { ...CALM, ...rates })).filter(
    ({ fails }) => fails !== null,
  ).length;

describe('one vehicle on a calm day', () => {
  it('says everything in order, once, and the ledger tells the truth', async () => {
    const { code, lines, of } = await simulate(1, {}, {}, (at) => count(at, 'healthy') === 1);
    expect(code).toBe(0);
    expect(kinds(double as Double, 'VEHICLE0')).toEqual([
      'inventory',
      'accepted',
      'download-started',
      'download-completed',
      'install-started',
      'inventory',
      'succeeded',
      'healthy',
    ]);
    expect(of('truth')).toMatchObject([
      {
        vehicleId: 'VEHICLE0',
        campaigns: [{ campaignId: CAMPAIGN, outcome: 'installed', offer: 1, attempt: 1 }],
        software: [{ type: 'TCM', softwareVersion: '2.0.0' }],
        unreceipted: [],
      },
    ]);
    const order = (k: string): number => lines.findIndex((line) => line.k === k);
    expect(order('grant')).toBeLessThan(order('installed'));
    expect(lines.at(-1)).toEqual({ k: 'end', vehicles: 1, unreceipted: 0 });
  });
});

describe('a fleet on a rough day', () => {
  it('comes to the ends that the seed says, with every message receipted', async () => {
    const vehicles = 40;
    const expected = failing(vehicles, { fail: 0.2 });
    expect(expected).toBeGreaterThan(2);
    const { code, of } = await simulate(
      vehicles,
      { failRate: 0.2, roughness: 6 },
      { receipts: (heard) => heard % 7 !== 0 },
      (at) => count(at, 'succeeded') + count(at, 'failed') >= vehicles + expected,
    );
    expect(code).toBe(0);
    const truths = of('truth').map(({ campaigns }) => campaigns[0]?.outcome);
    expect(truths.filter((outcome) => outcome === 'failed')).toHaveLength(expected);
    expect(truths.filter((outcome) => outcome === 'installed')).toHaveLength(vehicles - expected);
    expect(of('swap').length).toBeGreaterThan(0);
    expect((double as Double).ranges.some((from) => from !== '0')).toBe(true);
    expect(of('sent').some(({ copy }) => copy > 1)).toBe(true);
    expect(of('installed')).toHaveLength(vehicles - expected);
  });

  it('takes turns when not all can be connected', async () => {
    const { code, of } = await simulate(
      12,
      { connections: 3, roughness: 1 },
      {},
      (at) => count(at, 'succeeded') === 12,
    );
    expect(code).toBe(0);
    expect(of('truth').every(({ campaigns }) => campaigns[0]?.outcome === 'installed')).toBe(true);
    expect((double as Double).connections.most).toBeLessThanOrEqual(4);
  });
});

describe('what a vehicle refuses', () => {
  it('a flipped byte: the attempt fails, the next one succeeds', async () => {
    const { of } = await simulate(1, { sabotage: 'flip' }, {}, (at) => count(at, 'succeeded') === 1);
    expect(of('refused')).toMatchObject([{ code: 'digest', attempt: 1 }]);
    expect(of('installed')).toMatchObject([{ attempt: 2 }]);
    expect(kinds(double as Double, 'VEHICLE0')).toContain('failed');
  });

  it('a forged manifest', async () => {
    const { of } = await simulate(1, {}, { forged: true }, (at) => count(at, 'declined') === 1);
    expect(of('refused')).toMatchObject([{ code: 'signature' }]);
    expect(of('installed')).toEqual([]);
  });

  it('hardware that does not fit', async () => {
    const { of } = await simulate(1, { part: 'TCM-900' }, {}, (at) => count(at, 'declined') === 1);
    expect(of('refused')).toMatchObject([{ code: 'incompatible' }]);
    expect(of('truth')).toMatchObject([{ campaigns: [{ outcome: 'declined', code: 'wrong-hardware' }] }]);
  });

  it('an update without the consent of the driver', async () => {
    const server = { consentTextKey: 'please' };
    const { of } = await simulate(1, { declineRate: 1 }, server, (at) => count(at, 'declined') === 1);
    expect(of('refused')).toMatchObject([{ code: 'consent' }]);
  });

  it('to install without a grant', async () => {
    let since = 0;
    const { code, of } = await simulate(1, { graceMs: 0 }, { grants: false }, (at) => {
      if (since === 0 && count(at, 'accepted') === 1) since = Date.now();
      return since > 0 && Date.now() - since > 300;
    });
    expect(code).toBe(0);
    expect(of('installed')).toEqual([]);
    expect(kinds(double as Double, 'VEHICLE0')).toEqual(['inventory', 'accepted']);
  });

  it('an offer that it has answered, and rubbish', async () => {
    let told = false;
    const { of } = await simulate(1, {}, {}, (at) => {
      if (count(at, 'healthy') === 0) return false;
      if (!told) {
        told = true;
        at.tell('VEHICLE0', 'update', { v: 1, offers: [{ ...at.offerOf('VEHICLE0'), offer: 1 }] });
        at.tell('VEHICLE0', 'update', { v: 2 });
      }
      return told && count(at, 'healthy') === 1;
    });
    expect(of('installed')).toHaveLength(1);
  });
});

describe('a broken TCU', () => {
  it('acts on an old trigger: an installation without a grant is in the ledger', async () => {
    const { of } = await simulate(2, { sabotage: 'late-trigger' }, {}, (at) => count(at, 'healthy') === 2);
    expect(of('installed')).toHaveLength(3);
    expect(of('grant')).toHaveLength(2);
  });
});

describe('a credential that is refused', () => {
  it('is given up after some tries', async () => {
    const ledger = join(directory, 'ledger.ndjson');
    const gaveUp = (): boolean => readFileSync(ledger, 'utf8').includes('"cut-off"');
    const { code, of } = await simulate(1, { graceMs: 0 }, { password: 'other' }, gaveUp);
    expect(code).toBe(1);
    expect(of('cut-off')).toHaveLength(1);
  });
});

/** B3: vehicles registered in bulk, three events each in one append, durable. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { openSqliteEventStore } from '../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { readNdjson } from '../src/api/import-rows.ts';
import type { CommandEnvelope, Runtime } from '../src/app/handle-command.ts';
import { createIdSource } from '../src/app/new-id.ts';
import type { AppendRequest, AppendResult, EventStore } from '../src/app/ports.ts';
import { vinIdentity } from '../src/app/vehicles/identity.ts';
import { importRows, importVehicles, type VehicleInput } from '../src/app/vehicles/import.ts';
import { BareLog, type BareRow } from './baselines/bare-append.ts';
import { type BenchmarkReport, defineBenchmark } from './benchmark.ts';

const MODELS = ['X1', 'X3', 'City', 'Van'];
const ZONES = ['Europe/Berlin', 'Europe/Paris', 'America/New_York', 'Asia/Tokyo'];
const ALPHABET = '0123456789ABCDEFGHJKLMNPRSTUVWXYZ';
const ENVELOPE: CommandEnvelope = { actor: { kind: 'person', id: 'ada' }, source: 'http' };

function vinOf(n: number): string {
  let serial = '';
  for (let rest = n; serial.length < 6; rest = Math.floor(rest / 33)) serial = ALPHABET[rest % 33] + serial;
  return `WFWZZZ8P0RA${serial}`;
}

/** A vehicle with two ECUs, as a line of an import file. */
function lineOf(n: number): string {
  const unit = (type: string, softwareVersion: string) => ({
    type,
    serial: `${type}-${n}`,
    hardware: { part: `${type}-100`, version: '2.0.0' },
    components: [{ name: 'main', softwareVersion }],
  });
  return JSON.stringify({
    vin: vinOf(n),
    brand: 'Aurora',
    model: MODELS[n % MODELS.length],
    region: n % 3 === 0 ? 'DE' : 'US',
    timeZone: ZONES[n % ZONES.length],
    tags: n % 10 === 0 ? ['pilot'] : [],
    buildDate: '2025-03-01',
    ecus: [unit('TCM', `1.${n % 9}.0`), unit('GW', '3.1.0')],
  });
}

function* chunks(from: number, to: number): Generator<Buffer> {
  for (let n = from; n < to; n += 200)
    yield Buffer.from(Array.from({ length: Math.min(200, to - n) }, (_, i) => `${lineOf(n + i)}\n`).join(''));
}

async function parsed(from: number, to: number): Promise<VehicleInput[]> {
  const rows: VehicleInput[] = [];
  for await (const row of readNdjson(Readable.from(chunks(from, to)))) if (row.ok) rows.push(row.input);
  return rows;
}

const runtimeOn = (store: Pick<EventStore, 'append'>): Runtime => ({
  store: store as EventStore,
  now: Date.now,
  newId: createIdSource(Date.now),
  digest: (text) => createHash('sha256').update(text).digest('hex'),
});

/** @returns seconds. */
async function through(
  store: Pick<EventStore, 'append'>,
  rows: Parameters<typeof importVehicles>[1],
  expected: number,
  options: { readonly batchRows: number; readonly inFlight: number },
): Promise<number> {
  const runtime = runtimeOn(store);
  const register = (batch: readonly VehicleInput[]) => importRows(runtime, vinIdentity, batch, ENVELOPE);
  const started = performance.now();
  const importing = importVehicles(register, rows, options);
  let next = await importing.next();
  while (next.done !== true) next = await importing.next();
  if (next.value.accepted !== expected) throw new Error(`${next.value.rejected} rows were rejected`);
  return (performance.now() - started) / 1000;
}

/** Takes what the store would get and keeps it, as rows for the bare loop. */
function recorder(rows: BareRow[], before: number): Pick<EventStore, 'append'> {
  return {
    append: async (requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> =>
      requests.map(({ stream, events, metadata }) => {
        const body = JSON.stringify(events.map(({ id, type, data }) => ({ id, type, v: 1, data })));
        const row = {
          streamId: before + rows.length + 1,
          stream,
          revision: 0,
          metadata: JSON.stringify(metadata),
          body,
        };
        rows.push(row);
        return { status: 'appended', revision: 2, position: '', repeated: false };
      }),
  };
}

const nowhere: Pick<EventStore, 'append'> = {
  append: async (requests) =>
    requests.map(() => ({ status: 'appended', revision: 2, position: '', repeated: false })),
};

function bareSeconds(log: BareLog, rows: readonly BareRow[], transaction: number): number {
  const started = performance.now();
  for (let at = 0; at < rows.length; at += transaction) log.commit(rows.slice(at, at + transaction));
  return (performance.now() - started) / 1000;
}

const plain = (rows: readonly VehicleInput[]) => rows.map((input) => ({ ok: true as const, input }));

/** Vehicles of one turn: all measurements take turns, so that whatever else the machine does hits them alike. */
const SLICE = 25_000;

export const benchmark = defineBenchmark({
  title: 'bulk registration of vehicles, durable',
  options: {
    vehicles: { description: 'vehicles registered in each measurement', default: 200_000 },
    batch: { description: 'rows per call of the store', default: 2000 },
    inflight: { description: 'calls of the store under way at once', default: 3 },
  },
  async run({ vehicles, batch, inflight }, progress) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b3-'));
    const store = await openSqliteEventStore({ path: join(directory, 'log.db') });
    const log = new BareLog(join(directory, 'bare.db'));
    const options = { batchRows: batch, inFlight: inflight };
    const seconds = { deciding: 0, appending: 0, importing: 0, bare: 0 };
    try {
      for (let from = 0; from < vehicles; from += SLICE) {
        const to = Math.min(vehicles, from + SLICE);
        const inputs = plain(await parsed(from, to));
        const file = Buffer.concat([...chunks(vehicles + from, vehicles + to)]);
        const rows: BareRow[] = [];
        await through(recorder(rows, from), inputs, to - from, options);
        seconds.deciding += await through(nowhere, inputs, to - from, options);
        seconds.appending += await through(store, inputs, to - from, options);
        seconds.bare += bareSeconds(log, rows, batch);
        const lines = readNdjson(Readable.from(pieces(file, 65_536)));
        seconds.importing += await through(store, lines, to - from, options);
        progress(`${to}: registered ${Math.round(to / seconds.appending)}/s`);
      }
    } finally {
      log.close();
      await store.close();
      await rm(directory, { recursive: true });
    }
    return report(vehicles, batch, seconds);
  },
});

type Seconds = Readonly<Record<'deciding' | 'appending' | 'importing' | 'bare', number>>;

function report(vehicles: number, batch: number, seconds: Seconds): BenchmarkReport {
  const rate = (name: string, spent: number) => ({ name, value: vehicles / spent, unit: 'vehicles/s' });
  return {
    figures: [
      { name: 'vehicles', value: vehicles, unit: 'each with 2 ECUs, 3 events in one append' },
      rate('registered from rows (decide + durable append)', seconds.appending),
      rate('imported from NDJSON (parse + check + the above)', seconds.importing),
      rate('decided only, nothing stored', seconds.deciding),
      rate('bare node:sqlite loop, same rows', seconds.bare),
    ],
    ratios: [
      {
        name: 'registered / 100,000 vehicles a second',
        value: vehicles / seconds.appending / 100_000,
        goal: 1,
      },
      { name: 'registered / bare loop', value: seconds.bare / seconds.appending, goal: 0.8 },
    ],
    notes: [
      `Same pragmas (WAL, synchronous=FULL) and ${batch} rows per transaction in the bare loop, rows made beforehand.`,
      'The goal of 50 times hawkBit is not measured here: it needs a hawkBit beside it.',
    ],
  };
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

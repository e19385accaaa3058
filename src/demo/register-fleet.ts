/** Registers the invented fleet, and fetches what its TCUs need to connect. */

import { appendFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Account } from '../simulator/fleet-file.ts';
import { ToldError } from '../simulator/told-error.ts';
import type { ApiClient } from './api-client.ts';
import type { FleetPlan, PlannedVehicle } from './fleet-plan.ts';

const ROWS_AT_ONCE = 2000;
const CREDENTIALS_AT_ONCE = 2000;
const LISTED_WITHIN_MS = 120_000;
const POLL_MS = 100;

/** @throws Error when a row is rejected. */
export async function importFleet(operator: ApiClient, plan: FleetPlan): Promise<void> {
  for (const batch of batchesOf(plan, ROWS_AT_ONCE)) {
    const rows = batch.map(({ row }) => `${JSON.stringify(row)}\n`);
    const { body } = await operator.request('POST', '/v1/vehicles/import', {
      raw: { bytes: rows.join(''), headers: { 'content-type': 'application/x-ndjson' } },
    });
    const report = String(body).trimEnd().split('\n');
    const { rejected } = JSON.parse(report.at(-1) ?? '{}') as { rejected?: number };
    if (rejected !== 0) throw new ToldError(`The import rejected ${rejected} rows. The first: ${report[0]}`);
  }
}

function* batchesOf(plan: FleetPlan, size: number): Generator<PlannedVehicle[]> {
  for (let at = 0; at < plan.count; at += size)
    yield Array.from({ length: Math.min(size, plan.count - at) }, (_, i) => plan.vehicle(at + i));
}

/** In lists, a VIN that the log holds sealed is null. */
/** In lists, a VIN that the log holds sealed is null. */
const vehicle = z.object({ id: z.string(), vin: z.string().nullable(), ecus: z.array(z.unknown()) });
export type ListedVehicle = z.infer<typeof vehicle>;
const page = z.object({ items: z.array(vehicle), next: z.string().nullable() });

/** All vehicles that the server lists. */
export async function* listVehicles(client: ApiClient): AsyncGenerator<ListedVehicle> {
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: '1000', ...(cursor === null ? {} : { cursor }) });
    const { items, next } = page.parse((await client.request('GET', `/v1/vehicles?${query}`)).body);
    yield* items;
    cursor = next;
  } while (cursor !== null);
}

const fleetStatus = z.object({ vehicles: z.int() });

/** Until the read models have them all: who looks for vehicles after this finds them. */
async function waitUntilListed(client: ApiClient, count: number): Promise<void> {
  const end = Date.now() + LISTED_WITHIN_MS;
  for (;;) {
    const { vehicles } = fleetStatus.parse((await client.request('GET', '/v1/fleet/status')).body);
    if (vehicles >= count) return;
    if (Date.now() > end)
      throw new ToldError(`The server lists ${vehicles} of ${count} registered vehicles.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const issued = z.object({
  credentials: z.array(z.object({ vehicleId: z.string(), username: z.string(), password: z.string() })),
});

/** Writes the simulator's fleet file. @returns vehicle ids by VIN: the two need not be equal. */
export async function writeFleetFile(
  operator: ApiClient,
  plan: FleetPlan,
  path: string,
): Promise<ReadonlyMap<string, string>> {
  await waitUntilListed(operator, plan.count);
  const ids = new Map<string, string>();
  writeFileSync(path, '', { mode: 0o600 });
  for (const batch of batchesOf(plan, CREDENTIALS_AT_ONCE)) {
    const body = { vehicleIds: batch.map(({ row }) => row.vin) };
    const answer = await operator.request('POST', '/v1/vehicles/credentials', { body });
    const { credentials } = issued.parse(answer.body);
    const lines = batch.map(({ index, row }, i) => {
      // They come in the order asked.
      const credential = credentials[i];
      if (credential === undefined) throw new ToldError(`No credential was issued for ${row.vin}.`);
      const { vehicleId, username, password } = credential;
      ids.set(row.vin, vehicleId);
      const account: Account = { index, vehicleId, username, password, ecus: row.ecus };
      return `${JSON.stringify(account)}\n`;
    });
    appendFileSync(path, lines.join(''));
  }
  return ids;
}

export function idOf(ids: ReadonlyMap<string, string>, vin: string): string {
  const id = ids.get(vin);
  if (id === undefined) throw new ToldError(`The server does not list ${vin}.`);
  return id;
}

/** Registers the invented fleet, and fetches what its TCUs need to connect. */

import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Account } from '../simulator/fleet-file.ts';
import { ToldError } from '../simulator/told-error.ts';
import type { ApiClient } from './api-client.ts';
import type { FleetPlan } from './fleet-plan.ts';

const ROWS_AT_ONCE = 5000;
const CREDENTIALS_AT_ONCE = 10_000;
const LISTED_WITHIN_MS = 30_000;
const POLL_MS = 100;

/** @throws Error when a row is rejected. */
export async function importFleet(operator: ApiClient, plan: FleetPlan): Promise<void> {
  for (let at = 0; at < plan.vehicles.length; at += ROWS_AT_ONCE) {
    const rows = plan.vehicles.slice(at, at + ROWS_AT_ONCE).map(({ row }) => `${JSON.stringify(row)}\n`);
    const { body } = await operator.request('POST', '/v1/vehicles/import', {
      raw: { bytes: rows.join(''), headers: { 'content-type': 'application/x-ndjson' } },
    });
    const report = String(body).trimEnd().split('\n');
    const { rejected } = JSON.parse(report.at(-1) ?? '{}') as { rejected?: number };
    if (rejected !== 0) throw new ToldError(`The import rejected ${rejected} rows. The first: ${report[0]}`);
  }
}

const vehicle = z.object({ id: z.string(), vin: z.string(), ecus: z.array(z.unknown()) });
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

/** Vehicle ids by VIN: the two need not be equal. Waits until the read model has them all. */
async function resolveIds(client: ApiClient, count: number): Promise<ReadonlyMap<string, string>> {
  const end = Date.now() + LISTED_WITHIN_MS;
  for (;;) {
    const ids = new Map<string, string>();
    for await (const { id, vin } of listVehicles(client)) ids.set(vin, id);
    if (ids.size >= count) return ids;
    if (Date.now() > end)
      throw new ToldError(`The server lists ${ids.size} of ${count} registered vehicles.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const issued = z.object({
  credentials: z.array(z.object({ vehicleId: z.string(), username: z.string(), password: z.string() })),
});

/** Writes the simulator's fleet file. @returns vehicle ids by VIN. */
export async function writeFleetFile(
  operator: ApiClient,
  plan: FleetPlan,
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const ids = await resolveIds(operator, plan.vehicles.length);
  const lines: string[] = [];
  for (let at = 0; at < plan.vehicles.length; at += CREDENTIALS_AT_ONCE) {
    const batch = plan.vehicles.slice(at, at + CREDENTIALS_AT_ONCE);
    const vehicleIds = batch.map(({ row }) => idOf(ids, row.vin));
    const { body } = await operator.request('POST', '/v1/vehicles/credentials', { body: { vehicleIds } });
    const credentials = new Map(issued.parse(body).credentials.map((one) => [one.vehicleId, one]));
    for (const { index, row } of batch) {
      const credential = credentials.get(idOf(ids, row.vin));
      if (credential === undefined) throw new ToldError(`No credential was issued for ${row.vin}.`);
      const { vehicleId, username, password } = credential;
      const line: Account = { index, vehicleId, username, password, ecus: row.ecus };
      lines.push(`${JSON.stringify(line)}\n`);
    }
  }
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return ids;
}

export function idOf(ids: ReadonlyMap<string, string>, vin: string): string {
  const id = ids.get(vin);
  if (id === undefined) throw new ToldError(`The server does not list ${vin}.`);
  return id;
}

/** Takes the first vehicles that a running server lists, with their credentials. */
import { z } from 'zod';
import { inventory } from '../protocol/messages.ts';
import type { Account } from './fleet-file.ts';
import type { CheckedOptions } from './options.ts';
import { reach } from './reach.ts';
import { ToldError } from './told-error.ts';

const page = z.object({
  items: z.array(z.object({ id: z.string(), ecus: z.array(z.unknown()).default([]) })),
  next: z.string().nullable().default(null),
});
const issued = z.object({
  credentials: z.array(z.object({ vehicleId: z.string(), username: z.string(), password: z.string() })),
});
const PAGE = 1000;
const CREDENTIALS_AT_ONCE = 1000;

/**
 * A vehicle's number in the list decides its fate. Vehicles whose ECUs are not known are left out, because
 * a TCU would have to invent an inventory. @throws ToldError when the server refuses or can't be reached.
 */
export async function fetchFleet(options: CheckedOptions): Promise<Account[]> {
  const ask = createAsker(options);
  const known: Omit<Account, 'username' | 'password'>[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) });
    const { items, next } = page.parse(await ask('GET', `/v1/vehicles?${query}`));
    for (const item of items) {
      const ecus = inventory.shape.ecus.safeParse(item.ecus);
      if (ecus.success) known.push({ index: known.length, vehicleId: item.id, ecus: ecus.data });
    }
    cursor = next;
  } while (cursor !== null && known.length < options.vehicles);
  const chosen = known.slice(0, options.vehicles);
  const accounts: Account[] = [];
  for (let at = 0; at < chosen.length; at += CREDENTIALS_AT_ONCE) {
    const batch = chosen.slice(at, at + CREDENTIALS_AT_ONCE);
    const vehicleIds = batch.map(({ vehicleId }) => vehicleId);
    const { credentials } = issued.parse(await ask('POST', '/v1/vehicles/credentials', { vehicleIds }));
    const byVehicle = new Map(credentials.map((credential) => [credential.vehicleId, credential]));
    for (const vehicle of batch) {
      const credential = byVehicle.get(vehicle.vehicleId);
      if (credential === undefined) throw new ToldError(`no credential came for ${vehicle.vehicleId}`);
      accounts.push({ ...vehicle, username: credential.username, password: credential.password });
    }
  }
  return accounts;
}

type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>;

function createAsker({ server, key }: CheckedOptions): Ask {
  if (key === null)
    throw new ToldError(
      'Give --key, or set FLEETWAVE_KEY (or --fleet with credentials): the vehicles need credentials from the server.',
    );
  return async (method, path, body) => {
    const response = await reach(server + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
}

/** The vehicles to simulate: from a file (NDJSON), or from a running server. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { inventory } from '../protocol/messages.ts';
import { ToldError } from './told-error.ts';

export const account = z.object({
  /** Its number in the fleet: with the seed, it decides the vehicle's fate. */
  index: z.int().min(0),
  vehicleId: z.string().min(1),
  username: z.string().min(1),
  password: z.string().min(1),
  /** As in an inventory message. */
  ecus: inventory.shape.ecus,
});
export type Account = z.infer<typeof account>;

/** @throws ToldError with the line number for a line that is no vehicle. */
export async function readFleet(path: string): Promise<Account[]> {
  const vehicles: Account[] = [];
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    if (line.trim() === '') continue;
    try {
      vehicles.push(account.parse(JSON.parse(line)));
    } catch (error) {
      throw new ToldError(
        `${path}:${number} is no vehicle: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return vehicles;
}

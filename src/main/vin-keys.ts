/**
 * The keys that VINs are sealed with in pseudonymous deployments, one per vehicle, outside the log: destroying a
 * key erases the VIN from a log that can't change (DESIGN §3 "Identity").
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Secret } from '../app/ports.ts';
import type { SealingKeys } from '../app/vehicles/identity.ts';

const KEY_BYTES = 32;
const PSEUDONYM_KEY = 'pseudonym';

export interface VinKeys extends SealingKeys {
  /** Every vehicle id rests on it: made once, never changed. */
  readonly pseudonymKey: Uint8Array;
  close(): void;
}

interface Row {
  readonly key_id: string;
  readonly key: Uint8Array;
}

/** @param directory of the deployment's keys. A key is on disk before it is handed out. */
export function openVinKeys(directory: string): VinKeys {
  const path = join(directory, 'vin-keys.sqlite');
  const db = new DatabaseSync(path);
  chmodSync(path, 0o600);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS vin_keys (vehicle_id TEXT PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, key BLOB NOT NULL)`);
  const byVehicle = db.prepare('SELECT key_id, key FROM vin_keys WHERE vehicle_id = ?');
  const byKey = db.prepare('SELECT key_id, key FROM vin_keys WHERE key_id = ?');
  const insert = db.prepare(
    'INSERT INTO vin_keys (vehicle_id, key_id, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const secretOf = (row: unknown): Secret | null =>
    row === undefined ? null : { id: (row as Row).key_id, key: (row as Row).key };
  const keyFor = (vehicleId: string): Secret => {
    const found = secretOf(byVehicle.get(vehicleId));
    if (found !== null) return found;
    insert.run(vehicleId, randomUUID(), randomBytes(KEY_BYTES));
    const made = secretOf(byVehicle.get(vehicleId));
    if (made === null) throw new Error('a sealing key could not be stored');
    return made;
  };
  return {
    // Vehicle ids are upper case, so no vehicle can be meant by this name.
    pseudonymKey: keyFor(PSEUDONYM_KEY).key,
    keyFor,
    get: (keyId) => secretOf(byKey.get(keyId)),
    close: () => db.close(),
  };
}

/** A vehicle service on an event store in memory. */
import { createHash } from 'node:crypto';
import {
  createMemoryEventStore,
  type MemoryEventStoreOptions,
} from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import type { CommandEnvelope, Runtime } from '../../../src/app/handle-command.ts';
import type { KeyRing, Secret } from '../../../src/app/ports.ts';
import {
  createPseudonymIdentity,
  type VehicleIdentity,
  vinIdentity,
} from '../../../src/app/vehicles/identity.ts';
import type { VehicleInput } from '../../../src/app/vehicles/import.ts';
import { createVehicleService } from '../../../src/app/vehicles/vehicle-service.ts';
import type { ArtifactFacts } from '../../../src/domain/artifact/compatibility.ts';
import { vehicleStream } from '../../../src/domain/shared/streams.ts';
import { ecu, vehicleDescription } from '../../../src/domain/vehicle/events.ts';

const key = (id: string): Secret => ({ id, key: createHash('sha256').update(id).digest() });

export function keyRing(...ids: [string, ...string[]]): KeyRing {
  const all = new Map(ids.map((id) => [id, key(id)]));
  return { current: key(ids[0]), get: (id) => all.get(id) ?? null };
}

export const pseudonyms = (erased: ReadonlySet<string> = new Set()): VehicleIdentity =>
  createPseudonymIdentity(key('pseudonyms').key, {
    keyFor: (vehicleId) => key(`vin-${vehicleId}`),
    get: (keyId) => (erased.has(keyId) ? null : key(keyId)),
  });

const ALPHABET = '0123456789ABCDEFGHJKLMNPRSTUVWXYZ';
/** A valid VIN for each number. */
export const vinOf = (n: number): string => {
  let text = '';
  for (let rest = n; text.length < 6; rest = Math.floor(rest / 33)) text = ALPHABET[rest % 33] + text;
  return `WFWZZZ8P0RA${text}`;
};

export const tcm = (software = '1.0.0') =>
  ecu.parse({
    type: 'TCM',
    serial: 'T-1',
    hardware: { part: 'HW-7', version: '2.0.0' },
    components: [{ softwareVersion: software }],
  });

export const input = (n: number, changes: object = {}): VehicleInput => ({
  vin: vinOf(n),
  description: vehicleDescription.parse({
    brand: 'Aurora',
    model: 'X1',
    region: 'DE',
    timeZone: 'Europe/Berlin',
    ...changes,
  }),
  ecus: [tcm()],
});

export const envelope: CommandEnvelope = { actor: { kind: 'person', id: 'ada' }, source: 'http' };
export const keyed = (id: string): CommandEnvelope => ({ ...envelope, command: { id, digest: `of ${id}` } });

export interface WorldOptions {
  readonly identity?: VehicleIdentity;
  readonly fleetSecrets?: KeyRing;
  readonly released?: readonly ArtifactFacts[];
  readonly store?: MemoryEventStoreOptions;
}

export function createWorld(options: WorldOptions = {}) {
  const store = createMemoryEventStore(options.store);
  let ids = 0;
  const runtime: Runtime = {
    store,
    now: () => Date.UTC(2027, 0, 1),
    newId: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  };
  const identity = options.identity ?? vinIdentity;
  const service = createVehicleService({
    runtime,
    identity,
    fleetSecrets: options.fleetSecrets ?? keyRing('s1'),
    releasedArtifacts: async () => options.released ?? [],
  });
  const typesOf = async (vehicleId: string): Promise<string[]> =>
    ((await store.readStreams([vehicleStream(vehicleId)]))[0] ?? []).map((event) => event.type);
  return { store, runtime, identity, service, typesOf };
}

/** The installed base is counted where vehicles are folded: what they had before is known there, and nowhere kept twice. */
import type { DocumentKey, ProjectedEvent, Projection } from '../../app/ports.ts';
import { parseStream } from '../../domain/shared/streams.ts';
import type { Ecu } from '../../domain/vehicle/events.ts';
import {
  cellName,
  INSTALLED_BASE,
  INSTALLED_BASE_TAILS,
  type InstalledBaseLimits,
  MIXED,
  targetId,
  versionName,
} from './format.ts';
import { INSTALLED_BASE_COLLECTIONS, type Move, recordMoves } from './record.ts';

/** What of a vehicle's document is counted. */
export interface CountedVehicle {
  readonly model: string;
  readonly region: string;
  readonly ecus: readonly Ecu[];
  readonly decommissioned: boolean;
}

interface Installed {
  readonly model: string;
  readonly region: string;
  /** By target. */
  readonly software: ReadonlyMap<string, string>;
}

/**
 * A vehicle is counted once for each target, because one update serves all of its ECUs of that type: under its version
 * where they have the same one, else as mixed.
 */
export function softwareOf(ecus: readonly Ecu[]): ReadonlyMap<string, string> {
  const software = new Map<string, string>();
  for (const { type, components } of ecus)
    for (const { name, softwareVersion } of components) {
      const target = targetId(type, name);
      const version = versionName(softwareVersion);
      const other = software.get(target);
      software.set(target, other === undefined || other === version ? version : MIXED);
    }
  return software;
}

const NOTHING: Installed = { model: '', region: '', software: new Map() };

const installedIn = (vehicle: CountedVehicle | null): Installed =>
  vehicle === null || vehicle.decommissioned
    ? NOTHING
    : { model: vehicle.model, region: vehicle.region, software: softwareOf(vehicle.ecus) };

/** What the vehicle is counted in for one target. */
const cellsOf = ({ model, region }: Installed, name: string | undefined): readonly string[] =>
  name === undefined
    ? []
    : [cellName('all', '', name), cellName('model', model, name), cellName('region', region, name)];

function movesOf(before: Installed, after: Installed, target: string): readonly Move[] {
  const [left, come] = [before.software.get(target), after.software.get(target)];
  if (left === come && before.model === after.model && before.region === after.region) return [];
  const [from, to] = [cellsOf(before, left), cellsOf(after, come)];
  const moves: Move[] = [];
  for (const cell of from) if (!to.includes(cell)) moves.push({ cell, by: -1 });
  for (const cell of to) if (!from.includes(cell)) moves.push({ cell, by: 1 });
  return moves;
}

function keysOf(ecus: readonly Ecu[]): readonly DocumentKey[] {
  const keys: DocumentKey[] = [];
  for (const { type, components } of ecus)
    for (const { name } of components) {
      const id = targetId(type, name);
      keys.push({ collection: INSTALLED_BASE, id }, { collection: INSTALLED_BASE_TAILS, id });
    }
  return keys;
}

/** Nothing else changes what is counted. */
const COUNTED = new Set(['VehicleDescribed', 'InventoryReported', 'EcuReplaced', 'VehicleDecommissioned']);

function reportedBy({ event }: ProjectedEvent): readonly Ecu[] {
  if (event.type === 'InventoryReported') return event.data.ecus;
  return event.type === 'EcuReplaced' ? [event.data.installed] : [];
}

/** @param vehicles folds vehicle streams into documents of the collection `vehicles` that have what is counted. */
export const withInstalledBase = (vehicles: Projection, limits: InstalledBaseLimits): Projection => ({
  ...vehicles,
  collections: [...vehicles.collections, ...INSTALLED_BASE_COLLECTIONS],
  keys: (projected) => [...vehicles.keys(projected), ...keysOf(reportedBy(projected))],
  furtherKeys({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'vehicle' || !COUNTED.has(event.type)) return [];
    const stored = documents.get('vehicles', ref.vehicleId) as unknown as CountedVehicle | null;
    return stored === null ? [] : keysOf(stored.ecus);
  },
  apply(projected, documents) {
    const { event, recorded } = projected;
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'vehicle' || !COUNTED.has(event.type)) return vehicles.apply(projected, documents);
    const vehicle = (): CountedVehicle | null =>
      documents.get('vehicles', ref.vehicleId) as unknown as CountedVehicle | null;
    const before = installedIn(vehicle());
    vehicles.apply(projected, documents);
    const after = installedIn(vehicle());
    const record = (target: string): void => {
      const moves = movesOf(before, after, target);
      if (moves.length === 0) return;
      recordMoves(documents, target, Date.parse(recorded.metadata.time), moves, limits);
    };
    for (const target of before.software.keys()) record(target);
    for (const target of after.software.keys()) if (!before.software.has(target)) record(target);
  },
});

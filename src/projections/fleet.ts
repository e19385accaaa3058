/** The fleet at a glance: vehicles by brand, model and region, and by where they stand in campaigns. */
import type { Document, DocumentKey, Documents, ProjectedEvent, Projection } from '../app/ports.ts';
import { parseStream, type StreamRef } from '../domain/shared/streams.ts';
import { increase } from './counts.ts';
import { type Part, partsAfter, stateKey, withoutPart } from './fleet-states.ts';

/** What is counted of one vehicle. */
export interface FleetMember extends Document {
  readonly brand: string;
  readonly model: string;
  readonly region: string;
  /** Its places in campaigns, the one that moved last at the end. */
  readonly parts: readonly Part[];
  /** Whether it is on record itself, and in use: lists may name vehicles that are not. */
  readonly inUse: boolean;
}

const SECTIONS = ['byBrand', 'byModel', 'byRegion', 'byAssignment'] as const;
export interface FleetSection extends Document {
  readonly counts: Record<string, number>;
}

/** Who is on the list of one shard of a campaign, so that a list that is written anew takes the place of the old one. */
interface ListDocument extends Document {
  readonly vehicles: readonly string[];
}
const LISTS = 'fleet-lists';

const NEW = { brand: '', model: '', region: '', parts: [], inUse: false };

const member = (id: string): DocumentKey => ({ collection: 'fleet-members', id });

/** Vehicles that the event itself names. */
function namedIn({ event }: ProjectedEvent, ref: StreamRef): readonly string[] {
  if (ref.category === 'vehicle') return [ref.vehicleId];
  if (event.type === 'TargetsListed') return event.data.targets.map(([vehicleId]) => vehicleId);
  if (event.type === 'TargetJoined') return [event.data.vehicleId];
  return ref.category === 'rollout' && 'from' in event.data ? [event.data.vehicleId] : [];
}

/** Lists that the event writes or voids. Nothing is written for a shard without targets, so it is told at the end. */
function listsIn({ event }: ProjectedEvent, ref: StreamRef): readonly string[] {
  if (ref.category === 'targets') return [`${ref.campaignId}/${ref.shard}`];
  if (event.type !== 'TargetsFrozen') return [];
  const { campaignId, shards } = event.data;
  return shards.flatMap((targets, shard) => (targets === 0 ? [`${campaignId}/${shard}`] : []));
}

const isVoiding = ({ event }: ProjectedEvent): boolean =>
  event.type === 'TargetsOpened' || event.type === 'TargetsFrozen';

function change(before: FleetMember, { event }: ProjectedEvent, ref: StreamRef): FleetMember {
  if (event.type === 'VehicleRegistered') return { ...before, inUse: true };
  if (event.type === 'VehicleDescribed') {
    const { brand, model, region } = event.data.description;
    return { ...before, brand, model, region };
  }
  if (event.type === 'VehicleDecommissioned') return { ...before, inUse: false };
  if (ref.category !== 'targets' && ref.category !== 'rollout') return before;
  const phase = 'to' in event.data ? event.data.to : 'waiting';
  return { ...before, parts: partsAfter(before.parts, { campaignId: ref.campaignId, phase }) };
}

function count(documents: Documents, id: (typeof SECTIONS)[number], name: string, by: number): void {
  if (name === '') return;
  const section = documents.get<FleetSection>('fleet', id) ?? { id, counts: {} };
  increase(section.counts, name, by);
  documents.put('fleet', section);
}

/** What a vehicle is counted under. */
const namesOf = (vehicle: FleetMember | null) =>
  vehicle?.inUse === true
    ? {
        byBrand: vehicle.brand,
        byModel: vehicle.model,
        byRegion: vehicle.region,
        byAssignment: stateKey(vehicle.parts),
      }
    : { byBrand: '', byModel: '', byRegion: '', byAssignment: '' };

/** Touches only the sections in which the vehicle moves: most events change its phase and nothing else. */
function update(documents: Documents, before: FleetMember | null, after: FleetMember): void {
  const from = namesOf(before);
  const to = namesOf(after);
  for (const id of SECTIONS) {
    if (from[id] === to[id]) continue;
    count(documents, id, from[id], -1);
    count(documents, id, to[id], 1);
  }
  documents.put('fleet-members', after);
}

/** The vehicles of a list that is written anew are not in the campaign any more. */
function voidList(documents: Documents, id: string, campaignId: string): void {
  const list = documents.get<ListDocument>(LISTS, id);
  if (list === null) return;
  for (const vehicleId of list.vehicles) {
    const before = documents.get<FleetMember>('fleet-members', vehicleId);
    if (before !== null)
      update(documents, before, { ...before, parts: withoutPart(before.parts, campaignId) });
  }
  documents.delete(LISTS, id);
}

export const fleet: Projection = {
  name: 'fleet',
  version: 3,
  prefixes: ['vehicle-', 'rollout-', 'targets-', 'campaign-'],
  collections: [
    { name: 'fleet', indexes: [] },
    { name: 'fleet-members', indexes: [] },
    { name: LISTS, indexes: [] },
  ],
  keys(projected): readonly DocumentKey[] {
    const ref = parseStream(projected.recorded.stream);
    const keys = [
      ...namedIn(projected, ref).map(member),
      ...listsIn(projected, ref).map((id) => ({ collection: LISTS, id })),
    ];
    return keys.length === 0 ? [] : [...keys, ...SECTIONS.map((id) => ({ collection: 'fleet', id }))];
  },
  furtherKeys(projected, documents) {
    if (!isVoiding(projected)) return [];
    const lists = listsIn(projected, parseStream(projected.recorded.stream));
    return lists.flatMap((id) => documents.get<ListDocument>(LISTS, id)?.vehicles.map(member) ?? []);
  },
  apply(projected, documents) {
    const ref = parseStream(projected.recorded.stream);
    const lists = listsIn(projected, ref);
    if (isVoiding(projected) && 'campaignId' in ref)
      for (const id of lists) voidList(documents, id, ref.campaignId);
    const named = namedIn(projected, ref);
    for (const id of named) {
      const before = documents.get<FleetMember>('fleet-members', id);
      const known: FleetMember = before ?? { id, ...NEW };
      const after = change(known, projected, ref);
      if (before === null || after !== known) update(documents, before, after);
    }
    const [list] = lists;
    if (ref.category !== 'targets' || list === undefined || named.length === 0) return;
    const vehicles = documents.get<ListDocument>(LISTS, list)?.vehicles ?? [];
    documents.put(LISTS, { id: list, vehicles: [...vehicles, ...named] });
  },
};

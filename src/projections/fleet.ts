/** The fleet at a glance: vehicles by brand, model and region, and by where their newest assignment stands. */
import type { Document, DocumentKey, Documents, Projection } from '../app/ports.ts';
import { parseStream } from '../domain/shared/streams.ts';
import { type Counts, increase } from './counts.ts';

/** What is counted of one vehicle. */
export interface FleetMember extends Document {
  readonly brand: string;
  readonly model: string;
  readonly region: string;
  /** Phase of the assignment that changed last; empty when there is none. */
  readonly phase: string;
  readonly campaignId: string;
  readonly decommissioned: boolean;
}

const SECTIONS = ['byBrand', 'byModel', 'byRegion', 'byAssignment'] as const;
interface Section extends Document {
  readonly counts: Counts;
}

const NEW = { brand: '', model: '', region: '', phase: '', campaignId: '', decommissioned: false };

function vehicleOf({ event, recorded }: Parameters<Projection['keys']>[0]): string | null {
  const ref = parseStream(recorded.stream);
  if (ref.category === 'vehicle') return ref.vehicleId;
  return ref.category === 'rollout' && 'from' in event.data ? event.data.vehicleId : null;
}

function change(member: FleetMember, { event, recorded }: Parameters<Projection['keys']>[0]): FleetMember {
  if (event.type === 'VehicleDescribed') {
    const { brand, model, region } = event.data.description;
    return { ...member, brand, model, region };
  }
  if (event.type === 'VehicleDecommissioned') return { ...member, decommissioned: true };
  const ref = parseStream(recorded.stream);
  if (ref.category === 'rollout' && 'to' in event.data)
    return { ...member, phase: event.data.to, campaignId: ref.campaignId };
  return member;
}

function count(documents: Documents, id: (typeof SECTIONS)[number], name: string, by: number): void {
  if (name === '') return;
  const section = documents.get<Section>('fleet', id) ?? { id, counts: {} };
  increase(section.counts, name, by);
  documents.put('fleet', section);
}

/** What a vehicle is counted under; nothing once it is decommissioned. */
const namesOf = ({ decommissioned, brand, model, region, phase }: FleetMember) =>
  decommissioned
    ? { byBrand: '', byModel: '', byRegion: '', byAssignment: '' }
    : { byBrand: brand, byModel: model, byRegion: region, byAssignment: phase };

/** Touches only the sections in which the vehicle moves: most events change its phase and nothing else. */
function recount(documents: Documents, before: FleetMember | null, after: FleetMember): void {
  const from = before === null ? null : namesOf(before);
  const to = namesOf(after);
  for (const id of SECTIONS) {
    if (from?.[id] === to[id]) continue;
    if (from !== null) count(documents, id, from[id], -1);
    count(documents, id, to[id], 1);
  }
}

export const fleet: Projection = {
  name: 'fleet',
  version: 2,
  prefixes: ['vehicle-', 'rollout-'],
  collections: [
    { name: 'fleet', indexes: [] },
    { name: 'fleet-members', indexes: [] },
  ],
  keys(projected): readonly DocumentKey[] {
    const vehicleId = vehicleOf(projected);
    if (vehicleId === null) return [];
    return [
      { collection: 'fleet-members', id: vehicleId },
      ...SECTIONS.map((id) => ({ collection: 'fleet', id })),
    ];
  },
  apply(projected, documents) {
    const id = vehicleOf(projected);
    if (id === null) return;
    const before = documents.get<FleetMember>('fleet-members', id);
    const member = before ?? { id, ...NEW };
    const after = change(member, projected);
    if (before !== null && after === member) return;
    recount(documents, before, after);
    documents.put('fleet-members', after);
  },
};

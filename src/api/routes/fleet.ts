/** The fleet at a glance. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import type { FleetMember, FleetSection } from '../../projections/fleet.ts';
import { campaignsIn, stateKey, states } from '../../projections/fleet-states.ts';
import { awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';

const counts = z.record(z.string(), z.int());
const byAssignment = counts.meta({
  description:
    'Each vehicle once: the phase of its update under way, else `waiting` when a started campaign owes it an offer, ' +
    'else the phase of its newest outcome, else `none`.',
});
const groups = z.object({ byModel: counts, byRegion: counts, byAssignment });
const status = z
  .object({
    vehicles: z.int().meta({ description: 'Registered and not decommissioned.' }),
    online: z.int().meta({ description: 'Connected to the broker now.' }),
    active: z.int().meta({ description: 'Connected now, or heard of within 15 minutes.' }),
    emergencyStop: z
      .object({ active: z.boolean(), reason: z.string().nullable(), since: z.string().nullable() })
      .meta({ description: 'While it is active nothing is offered or granted, in no campaign.' }),
    byBrand: counts,
    ...groups.shape,
    activeBy: groups.meta({ description: 'The active ones in the same groups; at most 10 s old.' }),
  })
  .meta({ id: 'FleetStatus' });

/** Active vehicles are grouped at most this often, milliseconds: there may be very many. */
const GROUPED_MS = 10_000;
/** Documents read at once; between two reads others get their turn. */
const READ_AT_ONCE = 500;

type Groups = z.infer<typeof groups>;
type Counts = Record<string, number>;
interface Campaign extends Document {
  readonly started: boolean;
}
const increase = (into: Counts, name: string): void => {
  if (name !== '') into[name] = (into[name] ?? 0) + 1;
};

async function groupActive(services: ApiServices, vehicleIds: readonly string[]): Promise<Groups> {
  const found: Groups = { byModel: {}, byRegion: {}, byAssignment: {} };
  for (let at = 0; at < vehicleIds.length; at += READ_AT_ONCE) {
    const members = await services.reader.getMany<FleetMember>(
      'fleet-members',
      vehicleIds.slice(at, at + READ_AT_ONCE),
    );
    for (const member of members) {
      if (member?.inUse !== true) continue;
      increase(found.byModel, member.model);
      increase(found.byRegion, member.region);
      increase(found.byAssignment, stateKey(member.parts));
    }
    await services.clock.sleep(0);
  }
  return { ...found, byAssignment: await resolved(services, found.byAssignment) };
}

/** Which campaigns are waited for is known to the campaigns, not to the vehicles. */
async function resolved(services: ApiServices, byKey: Counts): Promise<Counts> {
  const ids = [...campaignsIn(Object.keys(byKey))];
  const campaigns = await services.reader.getMany<Campaign>('campaigns', ids);
  const started = campaigns.flatMap((campaign) => (campaign?.started === true ? [campaign.id] : []));
  return states(byKey, new Set(started));
}

/** Groups now, or gives what is being grouped or was grouped just before. */
function activeGroups(services: ApiServices): () => Promise<Groups> {
  let kept: { readonly at: number; readonly groups: Promise<Groups> } | null = null;
  return () => {
    const now = services.clock.now();
    if (kept !== null && now - kept.at < GROUPED_MS) return kept.groups;
    const grouping = groupActive(services, services.presence.active(now));
    const mine = { at: now, groups: grouping };
    kept = mine;
    grouping.catch(() => {
      if (kept === mine) kept = null;
    });
    return grouping;
  };
}

export function fleetRoutes(app: FastifyInstance, services: ApiServices): void {
  const grouped = activeGroups(services);
  route(app, {
    id: 'getFleetStatus',
    method: 'GET',
    url: '/v1/fleet/status',
    tag: 'fleet',
    summary: 'Vehicles by brand, model, region and assignment state, and how many are active',
    description: 'Who is active comes from the broker and is not kept: it starts at nobody after a restart.',
    reads: true,
    responses: { 200: { description: 'The counts.', schema: status } },
    handler: async ({ request }) => {
      await awaitPosition(services, request);
      const names = ['byBrand', 'byModel', 'byRegion', 'byAssignment'] as const;
      const sections = await services.reader.getMany<FleetSection>('fleet', names);
      const [byBrand = {}, byModel = {}, byRegion = {}, byKey = {}] = sections.map(
        (section): Counts => section?.counts ?? {},
      );
      return {
        vehicles: await services.reader.count('vehicles', { decommissioned: false }),
        online: services.presence.onlineCount(),
        active: services.presence.active(services.clock.now()).length,
        emergencyStop: await services.fleet.emergency(),
        byBrand,
        byModel,
        byRegion,
        byAssignment: await resolved(services, byKey),
        activeBy: await grouped(),
      };
    },
  });
}

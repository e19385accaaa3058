/** Evidence for UN Regulation No. 156: what is held of a vehicle or campaign, and the events that prove it. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { evidenceBundle } from '../../app/evidence/bundle.ts';
import type { VehiclePart } from '../../app/evidence/vehicle-items.ts';
import type { Document } from '../../app/ports.ts';
import { campaignId } from '../../domain/shared/ids.ts';
import { notFound, problem } from '../problem.ts';
import { awaitHead, awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import { campaignParams, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

/** A bundle is made in memory. */
const MAX_CAMPAIGNS = 50;

const DESCRIPTION =
  'Each item has its paragraph of §7.1 or §7.2, a statement, the data, and the events that prove it by id, with the ' +
  'link of the hash chain of their append; `notCovered` is the list of what this system does not hold. The appends ' +
  'are in the bundle, which is signed with the key of `/v1/keys`. Check it without the server: ' +
  '`fleetwave verify --bundle file.json`.';

export function evidenceRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'getVehicleEvidence',
    method: 'GET',
    url: '/v1/vehicles/:vehicle/evidence',
    tag: 'vehicles',
    summary: 'Evidence for UN R156: its configurations and its part in campaigns, provable',
    description: `${DESCRIPTION} It has nothing of other vehicles.`,
    params: vehicleParams,
    query: z.strictObject({
      campaign: campaignId
        .optional()
        .meta({ description: `Only this campaign. Needed for more than ${MAX_CAMPAIGNS} campaigns.` }),
    }),
    reads: true,
    responses: { 200: { description: 'The bundle.', schema: evidenceBundle } },
    problems: ['not-found'],
    handler: async ({ params, query }) => {
      // Where the vehicle's events are is in the read model: nothing that is on record may be left out.
      await awaitHead(services);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const parts = await partsOf(services, vehicleId, query.campaign);
      return services.evidence.ofVehicle(vehicleId, await services.vehicles.vinOf(vehicleId), parts);
    },
  });

  route(app, {
    id: 'getCampaignEvidence',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/evidence',
    tag: 'campaigns',
    summary: 'Evidence for UN R156: software, targets, purpose, approvals, conditions, decisions, provable',
    description: `${DESCRIPTION} Of target lists and rollouts it has the ends of their chains; their entries are in the bundles of vehicles.`,
    params: campaignParams,
    reads: true,
    responses: { 200: { description: 'The bundle.', schema: evidenceBundle } },
    problems: ['not-found'],
    handler: async ({ params, request }) => {
      await awaitPosition(services, request);
      await mustExist(services, params.campaignId);
      return services.evidence.ofCampaign(params.campaignId);
    },
  });
}

async function mustExist(services: ApiServices, id: string): Promise<void> {
  if ((await services.reader.get('campaigns', id)) === null) throw notFound('campaign', id);
}

async function partsOf(
  services: ApiServices,
  vehicleId: string,
  only: string | undefined,
): Promise<readonly VehiclePart[]> {
  if (only !== undefined) {
    await mustExist(services, only);
    const found = await services.reader.get<Document & VehiclePart>('assignments', `${only}/${vehicleId}`);
    return [{ campaignId: only, spans: found?.spans ?? [] }];
  }
  const where = { vehicleId };
  const { items, next } = await services.reader.find<Document & VehiclePart>('assignments', {
    where,
    limit: MAX_CAMPAIGNS,
  });
  if (next === null) return items;
  throw problem('invalid-request', `the vehicle is in more than ${MAX_CAMPAIGNS} campaigns`, {
    hint: 'Ask for one campaign at a time with ?campaign=.',
    errors: [{ path: '/query/campaign', message: 'is needed for this vehicle' }],
  });
}

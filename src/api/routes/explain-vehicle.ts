/** "Why did this vehicle (not) get it?" */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { campaignId } from '../../domain/shared/ids.ts';
import { fromRejection, notFound } from '../problem.ts';
import { awaitPosition, plain } from '../queries.ts';
import { route } from '../route.ts';
import { openDocument, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const explanation = z.object({
  campaignId: z.string(),
  vehicleId: z.string(),
  campaignState: z.string(),
  targeted: z.boolean().meta({ description: 'It is in the frozen list.' }),
  assignment: openDocument({})
    .nullable()
    .meta({ description: 'Its part in the campaign, when it is targeted.' }),
  now: z
    .object({
      matchesQuery: z.boolean(),
      compatible: z
        .boolean()
        .meta({ description: 'It could take all the artifacts; false without a match.' }),
      reasons: z.array(z.string()).meta({ description: 'Codes of the requirements that it fails.' }),
    })
    .nullable()
    .meta({ description: 'As the vehicle is now, which may differ from the freeze; null without a query.' }),
});

interface CampaignView extends Document {
  readonly state: string;
  readonly query: string | null;
  readonly policy: { readonly artifacts: readonly string[] };
}

export function explainRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'explainVehicle',
    method: 'GET',
    url: '/v1/vehicles/:vehicle/explain',
    tag: 'vehicles',
    summary: 'Why the vehicle gets, or does not get, a campaign',
    params: vehicleParams,
    query: z.strictObject({ campaign: campaignId }),
    reads: true,
    responses: { 200: { description: 'What was frozen, and what would be now.', schema: explanation } },
    problems: ['not-found'],
    handler: async ({ params, query, request }) => {
      await awaitPosition(services, request);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const campaign = await services.reader.get<CampaignView>('campaigns', query.campaign);
      if (campaign === null) throw notFound('campaign', query.campaign);
      const assignment = await services.reader.get<Document>('assignments', `${campaign.id}/${vehicleId}`);
      return {
        campaignId: campaign.id,
        vehicleId,
        campaignState: campaign.state,
        targeted: assignment !== null,
        assignment: assignment === null ? null : plain(assignment),
        now: campaign.query === null ? null : await judgeNow(services, campaign, campaign.query, vehicleId),
      };
    },
  });
}

/** The campaign's own query and artifacts, asked of this one vehicle. */
async function judgeNow(services: ApiServices, campaign: CampaignView, query: string, vehicleId: string) {
  const count = await services.targeting.preview(
    `(${query});vehicle==${vehicleId}`,
    campaign.policy.artifacts,
  );
  if (!count.ok) throw fromRejection(count.rejection);
  return {
    matchesQuery: count.matched > 0,
    compatible: count.compatible > 0,
    reasons: count.reasons.map(({ code }) => code),
  };
}

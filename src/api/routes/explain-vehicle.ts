/** "Why did this vehicle (not) get it?" */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type AssignmentDocument,
  type CampaignDocument,
  explainVehicle,
  listedIn,
} from '../../app/vehicles/explain/explain.ts';
import type { Judged } from '../../app/vehicles/explain/facts.ts';
import { campaignId } from '../../domain/shared/ids.ts';
import { notFound } from '../problem.ts';
import { awaitHead, plain } from '../queries.ts';
import { route } from '../route.ts';
import { openDocument, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const requirement = z.object({
  artifactId: z.string(),
  code: z.string(),
  clause: z
    .string()
    .meta({ description: 'Field of the artifact that is not met; `vehicle` for the vehicle itself.' }),
  message: z.string(),
  expected: z.string(),
  actual: z
    .string()
    .nullable()
    .meta({ description: 'What the vehicle has; null where it has nothing of the kind.' }),
});

const judgement = z.object({
  matchesQuery: z.boolean(),
  clauses: z
    .array(z.object({ clause: z.string(), holds: z.boolean() }))
    .meta({ description: 'Every comparison of the query, from left to right, and whether it holds.' }),
  compatible: z
    .boolean()
    .meta({ description: 'It could take all the artifacts, whether the query matches or not.' }),
  satisfied: z.boolean().meta({ description: 'It has all that the campaign brings.' }),
  reasons: z.array(z.string()).meta({ description: 'Codes of the requirements that it fails, each once.' }),
  requirements: z.array(requirement).meta({ description: 'The same with what is required and what it has.' }),
});

const explanation = z
  .object({
    campaignId: z.string(),
    vehicleId: z.string(),
    campaignState: z.string(),
    targeted: z.boolean().meta({ description: 'It is in the frozen list.' }),
    why: z
      .array(
        z.object({
          code: z.string().meta({ description: 'For machines; new ones can come.' }),
          message: z.string(),
          until: z
            .string()
            .nullable()
            .meta({ description: 'When it ends by itself; null where it does not.' }),
        }),
      )
      .min(1)
      .meta({ description: 'The first decides; those after it hold as well.' }),
    assignment: openDocument({})
      .nullable()
      .meta({ description: 'Its part in the campaign, when it is targeted.' }),
    now: judgement.nullable().meta({
      description: 'As the vehicle is now, which may differ from the freeze; null without a query.',
    }),
  })
  .meta({ id: 'VehicleExplanation' });

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
    responses: { 200: { description: 'The reasons, and how they were come by.', schema: explanation } },
    problems: ['not-found'],
    handler: async ({ params, query }) => {
      // A vehicle that is on no list yet would be told why it is not on it.
      await awaitHead(services);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const campaign = await services.reader.get<CampaignDocument>('campaigns', query.campaign);
      if (campaign === null) throw notFound('campaign', query.campaign);
      const id = `${campaign.id}/${vehicleId}`;
      const found = await services.reader.get<AssignmentDocument>('assignments', id);
      const assignment = listedIn(campaign, found);
      const explained = await explainVehicle(services, vehicleId, campaign, assignment);
      if (explained === null) throw notFound('vehicle', params.vehicle);
      return {
        campaignId: campaign.id,
        vehicleId,
        campaignState: campaign.state,
        targeted: assignment !== null,
        why: explained.why,
        assignment: assignment === null ? null : plain(assignment),
        now: explained.judged === null ? null : shown(explained.judged),
      };
    },
  });
}

const shown = (judged: Judged): z.output<typeof judgement> => ({
  ...judged,
  clauses: [...judged.clauses],
  requirements: [...judged.requirements],
  reasons: [...new Set(judged.requirements.map(({ code }) => code))],
});

/** The commands of a campaign: one verb each, all of one form. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PersonsCommand } from '../../app/campaigns/campaign-service.ts';
import type { Document } from '../../app/ports.ts';
import {
  abortCampaign,
  amendCampaign,
  approveCampaign,
  confirmWave,
  createCampaign,
  pauseCampaign,
  resumeCampaign,
  reviewCampaign,
  scheduleCampaign,
} from '../../domain/campaign/commands.ts';
import { answer, envelopeOf } from '../command.ts';
import { plain } from '../queries.ts';
import type { OperationId } from '../roles.ts';
import { route } from '../route.ts';
import { campaignParams, commandExample, commandResult, openDocument, policyBody } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { checkQuery } from './preview-targeting.ts';

/** How long define-targeting waits for the planner, milliseconds. */
const FREEZE_WAIT_MS = 5000;
/** How long it then waits for the read model, milliseconds. */
const READ_WAIT_MS = 2000;

const done = { 200: { description: 'Taken effect.', schema: commandResult, example: commandExample } };

export const campaignExample = {
  title: 'TCM 2.1.0',
  purpose: 'Smoother shifting.',
  policy: {
    artifacts: ['tcm-firmware@2.1.0'],
    waves: [
      {
        name: 'pilot',
        size: { vehicles: 10 },
        gate: { successPercent: 90, failurePercent: 10, soak_s: 3600 },
      },
      { name: 'all', size: { rest: true }, gate: { successPercent: 95, failurePercent: 5, soak_s: 0 } },
    ],
    window: { from: '01:00', to: '05:00' },
    maxInFlight: 1000,
  },
};

interface CommandSpec<B extends z.ZodType> {
  readonly id: OperationId;
  readonly verb: string;
  readonly summary: string;
  readonly description?: string;
  readonly body: B;
  readonly bodyExample?: unknown;
  readonly problems?: readonly string[];
  readonly toCommand: (body: z.output<B>) => PersonsCommand;
}

function command<B extends z.ZodType>(
  app: FastifyInstance,
  services: ApiServices,
  spec: CommandSpec<B>,
): void {
  const { toCommand, verb, ...doc } = spec;
  route(app, {
    ...doc,
    method: 'POST',
    url: `/v1/campaigns/:campaignId/${verb}`,
    tag: 'campaigns',
    params: campaignParams,
    command: true,
    responses: done,
    handler: async ({ params, body, request, reply }) => {
      const toExecute = toCommand(body as z.output<B>);
      const outcome = await services.campaigns.execute(params.campaignId, toExecute, envelopeOf(request));
      return answer(services, reply, params.campaignId, outcome);
    },
  });
}

export function campaignRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'createCampaign',
    method: 'PUT',
    url: '/v1/campaigns/:campaignId',
    tag: 'campaigns',
    summary: 'Create a campaign under your own id',
    params: campaignParams,
    body: createCampaign.omit({ type: true, campaignId: true }).extend({ policy: policyBody }),
    bodyExample: campaignExample,
    command: true,
    responses: {
      ...done,
      201: {
        description: 'Created.',
        schema: commandResult,
        example: { ...commandExample, events: ['CampaignCreated'] },
      },
    },
    handler: async ({ params, body, request, reply }) => {
      const toExecute = { type: 'CreateCampaign', campaignId: params.campaignId, ...body } as const;
      const outcome = await services.campaigns.execute(params.campaignId, toExecute, envelopeOf(request));
      return answer(services, reply, params.campaignId, outcome);
    },
  });
  defineTargetingRoute(app, services);
  planningCommands(app, services);
  runningCommands(app, services);
  haltingCommands(app, services);
}

function planningCommands(app: FastifyInstance, services: ApiServices): void {
  command(app, services, {
    id: 'approveCampaign',
    verb: 'approve',
    summary: 'Approve the plan: policy and frozen targets',
    description: 'By another person than the creator. Any change of the plan voids it.',
    body: approveCampaign.omit({ type: true }),
    bodyExample: { note: 'Looked at counts and waves.' },
    problems: ['four-eyes'],
    toCommand: (body) => ({ type: 'ApproveCampaign', ...body }),
  });
  command(app, services, {
    id: 'scheduleCampaign',
    verb: 'schedule',
    summary: 'Start it by itself at a time',
    body: scheduleCampaign.omit({ type: true }),
    bodyExample: { startAt: '2026-09-01T01:00:00.000Z' },
    toCommand: (body) => ({ type: 'ScheduleCampaign', ...body }),
  });
  command(app, services, {
    id: 'startCampaign',
    verb: 'start',
    summary: 'Start it now',
    body: z.strictObject({}),
    toCommand: () => ({ type: 'StartCampaign', cause: null }),
  });
  command(app, services, {
    id: 'amendCampaign',
    verb: 'amend',
    summary: 'Change the policy',
    body: amendCampaign.omit({ type: true }).extend({ policy: policyBody }),
    bodyExample: { policy: campaignExample.policy, note: 'Slower.' },
    toCommand: (body) => ({ type: 'AmendCampaign', ...body }),
  });
}

function runningCommands(app: FastifyInstance, services: ApiServices): void {
  command(app, services, {
    id: 'resumeCampaign',
    verb: 'resume',
    summary: 'Go on after a pause',
    body: resumeCampaign.omit({ type: true }),
    toCommand: (body) => ({ type: 'ResumeCampaign', ...body }),
  });
  command(app, services, {
    id: 'confirmWave',
    verb: 'confirm-wave',
    summary: 'Let a held or waiting wave pass',
    body: confirmWave.omit({ type: true }),
    bodyExample: { wave: 1, note: 'The failures were one workshop.' },
    toCommand: (body) => ({ type: 'ConfirmWave', ...body }),
  });
  command(app, services, {
    id: 'reviewCampaign',
    verb: 'review',
    summary: 'Record the review of an ended campaign',
    body: reviewCampaign.omit({ type: true }),
    bodyExample: { verdict: 'good', note: 'Next time a larger pilot.' },
    toCommand: (body) => ({ type: 'ReviewCampaign', ...body }),
  });
}

const halted = commandResult.extend({
  halted: z.boolean(),
  missingShards: z.array(z.int()).meta({ description: 'Shards that have not confirmed yet.' }),
});

/** Their answer waits until nothing more is offered or granted (DESIGN §4.5). */
function haltingCommands(app: FastifyInstance, services: ApiServices): void {
  const verbs = [
    {
      id: 'pauseCampaign',
      verb: 'pause',
      schema: pauseCampaign,
      summary: 'Pause: offer and grant nothing more',
    },
    {
      id: 'abortCampaign',
      verb: 'abort',
      schema: abortCampaign,
      summary: 'Abort: cancel what waits, let installing vehicles finish',
    },
  ] as const;
  for (const { id, verb, schema, summary } of verbs) {
    route(app, {
      id,
      method: 'POST',
      url: `/v1/campaigns/:campaignId/${verb}`,
      tag: 'campaigns',
      summary,
      description:
        'Answers when every shard has stopped; after 5 s with 202 and the shards that are missing.',
      params: campaignParams,
      body: z.strictObject({ reason: schema.shape.reason }),
      bodyExample: { reason: 'Complaints from the field.' },
      command: true,
      responses: {
        200: { description: 'Stopped everywhere.', schema: halted },
        202: { description: 'Recorded; some shards have not confirmed yet.', schema: halted },
      },
      handler: async ({ params, body, request, reply }) => {
        const { campaignId } = params;
        const toExecute: PersonsCommand =
          verb === 'pause'
            ? { type: 'PauseCampaign', code: 'operator', cause: null, ...body }
            : { type: 'AbortCampaign', ...body };
        const outcome = await services.campaigns.execute(campaignId, toExecute, envelopeOf(request));
        const result = await answer(services, reply, campaignId, outcome);
        const { missing } = await services.campaigns.waitForHalt(campaignId);
        if (missing.length > 0) reply.code(202);
        return { ...result, halted: missing.length === 0, missingShards: missing };
      },
    });
  }
}

function defineTargetingRoute(app: FastifyInstance, services: ApiServices): void {
  const defined = commandResult.extend({
    frozen: z
      .boolean()
      .meta({ description: 'False when the planner needs longer than 5 s; read the campaign again.' }),
    campaign: openDocument({}).nullable(),
  });
  route(app, {
    id: 'defineTargeting',
    method: 'POST',
    url: '/v1/campaigns/:campaignId/define-targeting',
    tag: 'campaigns',
    summary: 'Define the target query and freeze the targets',
    description: 'Waits up to 5 s for the freeze and answers with the campaign; 202 when it takes longer.',
    params: campaignParams,
    body: z.strictObject({ query: z.string().min(1).max(10_000) }),
    bodyExample: { query: 'model==A3;region==DE' },
    command: true,
    responses: {
      200: { description: 'Frozen.', schema: defined },
      202: { description: 'Recorded; the planner is still at work.', schema: defined },
    },
    problems: ['invalid-query'],
    handler: async ({ params, body, request, reply }) => {
      const { campaignId } = params;
      checkQuery(body.query, '/query');
      const toExecute = { type: 'DefineTargeting', ...body } as const;
      const outcome = await services.campaigns.execute(campaignId, toExecute, envelopeOf(request));
      const result = await answer(services, reply, campaignId, outcome);
      const frozen = await services.campaigns.waitForTargets(campaignId, FREEZE_WAIT_MS);
      if (!frozen) reply.code(202);
      const read = await services.waitForPosition(await services.head(), READ_WAIT_MS);
      const campaign = read ? await services.reader.get<Document>('campaigns', campaignId) : null;
      return { ...result, frozen, campaign: campaign === null ? null : plain(campaign) };
    },
  });
}

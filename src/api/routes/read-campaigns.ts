/** Campaigns as they are, their progress live and at rest, and their whole history as events. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { phase } from '../../domain/rollout/events.ts';
import { stillSignedIn } from '../auth.ts';
import { notFound } from '../problem.ts';
import { progressFrame, progressSchema } from '../progress.ts';
import { awaitPosition, begun, checkPositions, findPage, POSITION, plain, withEtag } from '../queries.ts';
import { route } from '../route.ts';
import { campaignParams, openDocument, pageOf, paging } from '../schemas.ts';
import type { ApiServices, ExportedEvent } from '../services.ts';
import type { LiveHub } from '../sse.ts';

const campaign = openDocument({
  id: z.string(),
  title: z.string(),
  state: z.string(),
  revision: z.int(),
}).meta({ id: 'Campaign' });

const exportedEvent = z
  .object({
    id: z.string(),
    stream: z.string(),
    revision: z.int(),
    position: z.string(),
    type: z.string(),
    schemaVersion: z.int(),
    time: z.string(),
    actor: z.object({ kind: z.string(), id: z.string() }),
    causationId: z.string().nullable(),
    correlationId: z.string(),
    data: z.unknown(),
  })
  .meta({ id: 'Event' });

const position = z.string().regex(POSITION, 'must be a position of this API').optional();
const eventsQuery = z.strictObject({
  after: position.meta({ description: 'Only events behind this position.' }),
  until: position.meta({ description: 'Only events up to this position, itself included.' }),
  limit: z.coerce.number().int().min(1).optional().meta({ description: 'At most so many. Default: all.' }),
});

export function readCampaignRoutes(app: FastifyInstance, services: ApiServices, hub: LiveHub): void {
  route(app, {
    id: 'listCampaigns',
    method: 'GET',
    url: '/v1/campaigns',
    tag: 'campaigns',
    summary: 'List campaigns',
    query: z.strictObject({ ...paging, state: z.string().max(32).optional() }),
    reads: true,
    responses: { 200: { description: 'A page of campaigns.', schema: pageOf(campaign) } },
    handler: ({ query, request, reply }) => {
      const { state, ...page } = query;
      const where = state === undefined ? {} : { state };
      return findPage(services, request, reply, 'campaigns', { where, ...page });
    },
  });

  route(app, {
    id: 'getCampaign',
    method: 'GET',
    url: '/v1/campaigns/:campaignId',
    tag: 'campaigns',
    summary: 'One campaign: policy, state, targets, waves with their gates, approvals and reasons',
    params: campaignParams,
    reads: true,
    responses: { 200: { description: 'The campaign.', schema: campaign } },
    problems: ['not-found'],
    handler: async ({ params, request, reply }) => {
      await awaitPosition(services, request);
      const found = await services.reader.get<Document>('campaigns', params.campaignId);
      if (found === null) throw notFound('campaign', params.campaignId);
      withEtag(reply, found);
      return plain(found);
    },
  });

  route(app, {
    id: 'listCampaignAssignments',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/assignments',
    tag: 'campaigns',
    summary: 'Each vehicle of the campaign: phase, attempt, last outcome',
    params: campaignParams,
    query: z.strictObject({ ...paging, phase: phase.optional() }),
    reads: true,
    responses: {
      200: { description: 'A page of assignments.', schema: pageOf(openDocument({ id: z.string() })) },
    },
    problems: ['not-found'],
    handler: async ({ params, query, request, reply }) => {
      await awaitPosition(services, request);
      await mustExist(services, params.campaignId);
      const { phase: wanted, ...page } = query;
      const where = { campaignId: params.campaignId, ...(wanted === undefined ? {} : { phase: wanted }) };
      return findPage(services, request, reply, 'assignments', { where, ...page });
    },
  });
  progressRoutes(app, services, hub);
  eventRoutes(app, services);
}

function progressRoutes(app: FastifyInstance, services: ApiServices, hub: LiveHub): void {
  route(app, {
    id: 'getCampaignProgress',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/progress',
    tag: 'campaigns',
    summary: 'Counts in total, by wave, failure code, model and region',
    params: campaignParams,
    reads: true,
    responses: { 200: { description: 'The progress.', schema: progressSchema } },
    problems: ['not-found'],
    handler: async ({ params, request }) => {
      await awaitPosition(services, request);
      const frame = await progressFrame(services.reader, params.campaignId);
      if (frame === null) throw notFound('campaign', params.campaignId);
      return frame.data;
    },
  });

  route(app, {
    id: 'watchCampaign',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/live',
    tag: 'campaigns',
    summary: 'The progress, live (Server-Sent Events)',
    description:
      'Events named `progress` with the same JSON as …/progress, at most ten a second, each a whole snapshot. ' +
      'Reconnect with Last-Event-ID (browsers do): an unchanged snapshot is not sent again. ' +
      'The stream ends when the key is revoked or the session ends.',
    params: campaignParams,
    headers: [{ name: 'Last-Event-ID', required: false, description: '`id` of the last event received.' }],
    streaming: true,
    responses: {
      200: {
        description: 'The stream; it stays open.',
        schema: progressSchema,
        contentType: 'text/event-stream',
      },
    },
    problems: ['not-found', 'overloaded'],
    handler: async ({ params, request, reply }) => {
      const { campaignId } = params;
      await mustExist(services, campaignId);
      const read = () => progressFrame(services.reader, campaignId);
      await hub.watch(campaignId, request, reply, read, () => stillSignedIn(services, request));
      return reply;
    },
  });
}

function eventRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'exportCampaignEvents',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/events',
    tag: 'campaigns',
    summary: 'Every event of the campaign in log order, as NDJSON',
    description:
      'A page of it: `limit`, then again with the last `position` as `after`. Positions are those of events and of ' +
      '`…/state`.',
    params: campaignParams,
    query: eventsQuery,
    streaming: true,
    responses: {
      200: { description: 'One event per line.', schema: exportedEvent, contentType: 'application/x-ndjson' },
    },
    problems: ['not-found'],
    handler: async ({ params, query, reply }) => {
      const { limit = Number.POSITIVE_INFINITY, after, until } = query;
      await checkPositions(services, { after, until });
      const within = { ...(after === undefined ? {} : { after }), ...(until === undefined ? {} : { until }) };
      const batches = await services.campaigns.events(params.campaignId, within);
      if (batches === null) throw notFound('campaign', params.campaignId);
      reply.type('application/x-ndjson');
      return reply.send(Readable.from(toLines(await begun(batches), limit), { objectMode: false }));
    },
  });

  route(app, {
    id: 'getCampaignHistory',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/history',
    tag: 'campaigns',
    summary: 'The decisions about the campaign, oldest first: who, when and why',
    params: campaignParams,
    responses: {
      200: { description: 'Its decisions.', schema: z.object({ items: z.array(exportedEvent) }) },
    },
    problems: ['not-found'],
    handler: async ({ params }) => {
      const items = await services.campaigns.history(params.campaignId);
      if (items === null) throw notFound('campaign', params.campaignId);
      return { items };
    },
  });
}

async function* toLines(
  batches: AsyncIterable<readonly ExportedEvent[]>,
  limit: number,
): AsyncGenerator<string> {
  let left = limit;
  for await (const batch of batches) {
    const events = batch.slice(0, left);
    if (events.length > 0) yield `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
    left -= events.length;
    if (left === 0) return;
  }
}

async function mustExist(services: ApiServices, campaignId: string): Promise<void> {
  if ((await services.reader.get('campaigns', campaignId)) === null) throw notFound('campaign', campaignId);
}

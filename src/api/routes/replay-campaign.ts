/** Campaigns as they were: the state at any instant, progress over time, what changed in between. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Cut } from '../../domain/shared/cut.ts';
import { campaignStateAt, campaignStateSchema, NOW } from '../history/campaign-state.ts';
import { diffOf, diffSchema } from '../history/diff.ts';
import {
  campaignSeries,
  inBuckets,
  MAX_BUCKETS,
  type Span,
  type Steps,
  seriesSchema,
} from '../history/series.ts';
import { notFound, problem } from '../problem.ts';
import { awaitPosition, checkPositions, POSITION } from '../queries.ts';
import { route } from '../route.ts';
import { campaignParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const instant = z.iso.datetime({ offset: true });
const position = z.string().regex(POSITION, 'must be a position of this API');
const DEFAULT_BUCKETS = 100;

const stateQuery = z
  .strictObject({
    asOf: instant
      .optional()
      .meta({ description: 'Everything before the first event recorded after this instant. Default: now.' }),
    position: position
      .optional()
      .meta({ description: 'Everything up to the event at this position, instead of `asOf`. Opaque.' }),
  })
  .refine(({ asOf, position: at }) => asOf === undefined || at === undefined, {
    message: 'can not be given together with asOf',
    path: ['position'],
  });

const seriesQuery = z
  .strictObject({
    from: instant.optional().meta({ description: 'Default: the first event of the campaign.' }),
    to: instant.optional().meta({ description: 'Default: its last event.' }),
    buckets: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_BUCKETS)
      .optional()
      .meta({ description: `How many steps; default ${DEFAULT_BUCKETS}.` }),
    step: z.coerce
      .number()
      .min(0.001)
      .max(366 * 86_400)
      .optional()
      .meta({ description: 'How long a step is, seconds; instead of `buckets`.' }),
  })
  .refine(({ buckets, step }) => buckets === undefined || step === undefined, {
    message: 'can not be given together with buckets',
    path: ['step'],
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) <= Date.parse(to), {
    message: 'must not lie before from',
    path: ['to'],
  });

const diffQuery = z
  .strictObject({ from: instant, to: instant })
  .refine(({ from, to }) => Date.parse(from) <= Date.parse(to), {
    message: 'must not lie before from',
    path: ['to'],
  });

export function replayRoutes(app: FastifyInstance, services: ApiServices): void {
  const stateAt = async (campaignId: string, cut: Cut) => {
    const state = await campaignStateAt(services.reader, services.log, campaignId, cut);
    if (state === null) throw notFound('campaign', campaignId);
    return state;
  };

  route(app, {
    id: 'getCampaignState',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/state',
    tag: 'campaigns',
    summary: 'The whole state of the campaign at any instant or position',
    description:
      'Campaign, waves, gates and decisions as `GET /v1/campaigns/{id}` and all counts as `…/progress` would have ' +
      'answered then.',
    params: campaignParams,
    query: stateQuery,
    reads: true,
    responses: { 200: { description: 'The state then.', schema: campaignStateSchema } },
    problems: ['not-found'],
    handler: async ({ params, query, request }) => {
      await awaitPosition(services, request);
      await checkPositions(services, { position: query.position });
      return stateAt(params.campaignId, cutOf(query));
    },
  });

  route(app, {
    id: 'getCampaignSeries',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/series',
    tag: 'campaigns',
    summary: 'Progress over time, in equal steps',
    description:
      'Each point is the exact state at its instant; the first is at `from`, the last at `to` or, with `step`, at the ' +
      'end of the step that `to` lies in.',
    params: campaignParams,
    query: seriesQuery,
    reads: true,
    responses: { 200: { description: 'The points, oldest first.', schema: seriesSchema } },
    problems: ['not-found'],
    handler: async ({ params, query, request }) => {
      await awaitPosition(services, request);
      const span = {
        ...(query.from === undefined ? {} : { from_ms: Date.parse(query.from) }),
        ...(query.to === undefined ? {} : { to_ms: Date.parse(query.to) }),
      };
      const series = await campaignSeries(services.reader, params.campaignId, span, (whole) =>
        stepsOf(query, whole),
      );
      if (series === null) throw notFound('campaign', params.campaignId);
      return series;
    },
  });

  route(app, {
    id: 'getCampaignDiff',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/diff',
    tag: 'campaigns',
    summary: 'What changed from one instant to another: counts, gates, decisions',
    params: campaignParams,
    query: diffQuery,
    reads: true,
    responses: { 200: { description: 'The changes.', schema: diffSchema } },
    problems: ['not-found'],
    handler: async ({ params, query, request }) => {
      await awaitPosition(services, request);
      const before = await stateAt(params.campaignId, { instant_ms: Date.parse(query.from) });
      return diffOf(before, await stateAt(params.campaignId, { instant_ms: Date.parse(query.to) }));
    },
  });
}

function cutOf(query: z.output<typeof stateQuery>): Cut {
  if (query.position !== undefined) return { position: query.position };
  return query.asOf === undefined ? NOW : { instant_ms: Date.parse(query.asOf) };
}

function stepsOf({ buckets, step }: z.output<typeof seriesQuery>, span: Span): Steps {
  if (step === undefined) return inBuckets(span, buckets ?? DEFAULT_BUCKETS);
  const step_ms = step * 1000;
  const steps = Math.max(1, Math.ceil((span.to_ms - span.from_ms) / step_ms));
  if (steps <= MAX_BUCKETS) return { from_ms: span.from_ms, step_ms, buckets: steps };
  throw problem(
    'invalid-request',
    `steps of ${step} s over that time are ${steps}, more than ${MAX_BUCKETS}`,
    {
      hint: 'Take a longer step, or a shorter time with from and to.',
      errors: [{ path: '/query/step', message: `makes more than ${MAX_BUCKETS} steps` }],
    },
  );
}

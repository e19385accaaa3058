/** How many vehicles run which version of a software target, now and over time. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { componentName, ecuType } from '../../domain/shared/ids.ts';
import { region, vehicleDescription } from '../../domain/vehicle/events.ts';
import { type Slice, targetId } from '../../projections/installed-base/format.ts';
import { installedBaseOf } from '../../projections/installed-base/read.ts';
import { toCsv } from '../export/text-formats.ts';
import {
  type InstalledBase,
  installedBaseAnswer,
  installedBaseSchema,
  installedBaseTable,
} from '../history/installed-base.ts';
import { MAX_BUCKETS } from '../history/series.ts';
import { notFound } from '../problem.ts';
import { awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';

const instant = z.iso.datetime({ offset: true });
const DEFAULT_BUCKETS = 200;

const installedBaseQuery = z
  .strictObject({
    from: instant.optional().meta({ description: 'Default: the first vehicle that had it.' }),
    to: instant.optional().meta({ description: 'Default: now.' }),
    buckets: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_BUCKETS)
      .default(DEFAULT_BUCKETS)
      .meta({ description: 'How many steps at most; one more where the first begins before `from`.' }),
    model: vehicleDescription.shape.model.optional().meta({ description: 'Only vehicles of this model.' }),
    region: region.optional().meta({
      description: 'Only vehicles approved for this region; `DE` is also `DE-BY`. Not together with `model`.',
    }),
    format: z.enum(['json', 'csv']).default('json'),
  })
  .refine(({ model, region: approved }) => model === undefined || approved === undefined, {
    message: 'can not be given together with model',
    path: ['region'],
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) <= Date.parse(to), {
    message: 'must not lie before from',
    path: ['to'],
  });

const DESCRIPTION =
  'Vehicles in use, each counted once, because one update serves all its ECUs of that type: under its version, or as ' +
  '`mixed` where they have several. Each instant has everything recorded up to it and is a multiple of the step (UTC); ' +
  'the last one is `to` where nothing was recorded later. The step is the shortest that fits: steps of seconds reach ' +
  'back two hours, of minutes a week, of hours half a year, of days to the beginning. Tables of every change of every ' +
  'vehicle are in `GET /v1/exports/software-history`.';

export function installedBaseRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'getInstalledBase',
    method: 'GET',
    url: '/v1/software/:ecuType/:component/installed-base',
    tag: 'vehicles',
    summary: 'How many vehicles run which version, over time',
    description: DESCRIPTION,
    params: z.strictObject({ ecuType, component: componentName }),
    query: installedBaseQuery,
    reads: true,
    responses: {
      200: {
        description: 'Instants, and the vehicles of each version at them.',
        schema: installedBaseSchema,
        also: ['text/csv'],
      },
    },
    problems: ['not-found'],
    handler: async ({ params, query, request, reply }) => {
      await awaitPosition(services, request);
      const target = targetId(params.ecuType, params.component);
      const series = await installedBaseOf(services.reader, target, {
        from_ms: query.from === undefined ? null : Date.parse(query.from),
        to_ms: query.to === undefined ? null : Date.parse(query.to),
        now_ms: services.clock.now(),
        buckets: query.buckets,
        slice: sliceOf(query),
      });
      if (series === null) throw notFound('software target that a vehicle ever had', target);
      const answer = installedBaseAnswer(params, query, series);
      return query.format === 'csv' ? asCsv(reply, answer) : answer;
    },
  });
}

function sliceOf({ model, region: approved }: z.output<typeof installedBaseQuery>): Slice {
  if (model !== undefined) return { kind: 'model', value: model };
  return approved === undefined ? { kind: 'all' } : { kind: 'region', value: approved };
}

function asCsv(reply: FastifyReply, answer: InstalledBase): FastifyReply {
  const table = installedBaseTable(answer);
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${table.name}.csv"`)
    .send(Readable.from(toCsv(table), { objectMode: false }));
}

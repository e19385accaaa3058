/** Counting before committing: what a query would select, and lists that queries can name. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { artifactId, listId } from '../../domain/shared/ids.ts';
import { toRejection } from '../../domain/targeting/errors.ts';
import { parseQuery } from '../../domain/targeting/parse.ts';
import { envelopeOf } from '../command.ts';
import { fromRejection } from '../problem.ts';
import { awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';

export const targetingCount = z
  .object({
    matched: z.int().meta({ description: 'Vehicles that the query matches.' }),
    compatible: z.int().meta({ description: 'Of those, vehicles that can take all artifacts.' }),
    reasons: z
      .array(z.object({ code: z.string(), vehicles: z.int() }))
      .meta({ description: 'Why the others can not.' }),
    facets: z.record(z.string(), z.array(z.object({ value: z.string(), vehicles: z.int() }))),
  })
  .meta({ id: 'TargetingCount' });

const artifactList = z
  .string()
  .max(2100)
  .default('')
  .transform((text) => (text === '' ? [] : text.split(',')))
  .pipe(z.array(artifactId).max(16));

/** @throws Problem `invalid-query` that points at the character, before anything is done with the query. */
export function checkQuery(text: string, path: string): void {
  const parsed = parseQuery(text);
  if (parsed.ok) return;
  const rejection = toRejection(text, parsed.error);
  const errors = [{ path, message: rejection.message }];
  throw fromRejection({ ...rejection, details: { ...rejection.details, errors } });
}

export function targetingRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'previewTargeting',
    method: 'GET',
    url: '/v1/targeting/preview',
    tag: 'targeting',
    summary: 'Count what a target query selects, with facets and reasons',
    description:
      'RSQL/FIQL, for example `model==X;region==DE;ecu.TCM.software=lt=2.1.0;tag=in=(beta,pilot)`. ' +
      'A syntax error names the character in `details.position` and the JSON Pointer `/query/query`.',
    query: z.strictObject({ query: z.string().min(1).max(10_000), artifacts: artifactList }),
    reads: true,
    responses: {
      200: {
        description: 'The counts.',
        schema: targetingCount,
        example: {
          matched: 120,
          compatible: 100,
          reasons: [{ code: 'previous-software', vehicles: 20 }],
          facets: { region: [{ value: 'DE', vehicles: 100 }] },
        },
      },
    },
    problems: ['invalid-query'],
    handler: async ({ query, request }) => {
      await awaitPosition(services, request);
      checkQuery(query.query, '/query/query');
      const count = await services.targeting.preview(query.query, query.artifacts);
      if (!count.ok) throw fromRejection(count.rejection);
      const { ok: _ok, ...answer } = count;
      return answer;
    },
  });

  route(app, {
    id: 'putVehicleList',
    method: 'PUT',
    url: '/v1/vehicle-lists/:listId',
    tag: 'targeting',
    summary: 'Store a list of vehicles (VINs or ids) that queries name as `vehicle=in=list:{id}`',
    params: z.strictObject({ listId }),
    body: z.strictObject({
      vehicles: z.array(z.string().regex(/^[A-Za-z0-9]{1,32}$/)).max(50_000),
    }),
    bodyExample: { vehicles: ['WVWZZZ1JZXW000001'] },
    responses: { 200: { description: 'Stored.', schema: z.object({ vehicles: z.int() }) } },
    handler: async ({ params, body, request }) => {
      const stored = await services.targeting.putList(params.listId, body.vehicles, envelopeOf(request));
      if (!stored.ok) throw fromRejection(stored.rejection);
      return { vehicles: stored.vehicles };
    },
  });
}

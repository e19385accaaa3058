/** Which vehicles failed, newest first: the question behind a bad slice. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { campaignId } from '../../domain/shared/ids.ts';
import { type FailureDocument, failuresWhere } from '../../projections/failures.ts';
import { findDocuments, given, linkNext } from '../queries.ts';
import { route } from '../route.ts';
import { pageOf, paging } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const failure = z
  .object({
    id: z.string().meta({ description: 'Unique; later failures have greater ones.' }),
    campaignId: z.string(),
    vehicleId: z.string(),
    wave: z.int(),
    attempt: z.int().meta({ description: 'The attempt that failed, from 1.' }),
    type: z.string().meta({ description: 'Type of the event that says so.' }),
    code: z.string().meta({
      description:
        'As the vehicle gave it; `unspecified` where it gave none, `timed-out` where it was silent.',
    }),
    message: z.string(),
    model: z.string().meta({ description: 'As the vehicle was when the target list was frozen.' }),
    region: z.string().meta({ description: 'As the vehicle was when the target list was frozen.' }),
    at: z.string().meta({ description: 'When it was recorded.' }),
    phase: z.string().nullable().meta({
      description:
        'Where the vehicle stands in that campaign now; null where it is not on its list any more.',
    }),
  })
  .meta({ id: 'Failure' });

const value = z.string().min(1).max(64).optional();

export function failureRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listFailures',
    method: 'GET',
    url: '/v1/failures',
    tag: 'fleet',
    summary: 'Failed attempts, newest first, of all campaigns or of one; by model, region and code',
    description:
      'One for each failure on record, so that a vehicle that failed twice is there twice, and so is an attempt that ' +
      'was given up (`timed-out`) and later reported as failed; `phase` says what became of the vehicle. A campaign has ' +
      'as many of a code as its progress counts in `failureCodes`. Model and region are those of the frozen list, as ' +
      'in `byModelRegion`.',
    query: z.strictObject({
      ...paging,
      campaign: campaignId.optional(),
      model: value,
      region: value,
      code: value,
    }),
    reads: true,
    responses: { 200: { description: 'A page of failures.', schema: pageOf(failure) } },
    handler: async ({ query, request, reply }) => {
      const { limit, cursor, campaign, ...rest } = query;
      const { items, next } = await findDocuments<FailureDocument>(services, request, 'failures', {
        where: failuresWhere(given({ ...rest, campaignId: campaign })),
        sort: { field: 'id', descending: true },
        limit,
        cursor,
      });
      const assignments = await services.reader.getMany<Document & { readonly phase: string }>(
        'assignments',
        items.map((one) => `${one.campaignId}/${one.vehicleId}`),
      );
      linkNext(request, reply, next);
      return { items: items.map((one, n) => shown(one, assignments[n]?.phase ?? null)), next };
    },
  });
}

const shown = (one: FailureDocument, phase: string | null): z.output<typeof failure> => {
  const { id, campaignId: of, vehicleId, wave, attempt, type, code, message, model, region, at } = one;
  return { id, campaignId: of, vehicleId, wave, attempt, type, code, message, model, region, at, phase };
};

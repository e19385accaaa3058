/** What was in a vehicle at any moment of the past. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document, Page } from '../../app/ports.ts';
import { awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import { ecuBody, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const PAGE = 100;

interface InventoryDocument extends Document {
  readonly revision: number;
  readonly at: string;
  readonly type: string;
  readonly source: string;
  readonly by: { readonly kind: string; readonly id: string };
  readonly ecus: readonly z.output<typeof ecuBody>[];
}

const answer = z.object({
  vehicleId: z.string(),
  asOf: z.string().nullable().meta({ description: 'In UTC; null where the newest was asked for.' }),
  inventory: z
    .object({
      revision: z.int().meta({ description: 'Of the vehicle’s record, where it was recorded.' }),
      at: z.string().meta({ description: 'When it was recorded.' }),
      until: z
        .string()
        .nullable()
        .meta({ description: 'When the next one was recorded; null for the one that is known now.' }),
      type: z.string(),
      source: z.string().meta({ description: '`ota`, `workshop` or `plant`.' }),
      by: z.object({ kind: z.string(), id: z.string() }),
      ecus: z.array(ecuBody),
    })
    .nullable()
    .meta({ description: 'Null where none was on record by then.' }),
});

export function inventoryRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'getInventoryAsOf',
    method: 'GET',
    url: '/v1/vehicles/:vehicle/inventory',
    tag: 'vehicles',
    summary: 'Its ECUs and software as they were known at a moment',
    description:
      'The last inventory that was on record then. What was in the vehicle can have changed before it was reported.',
    params: vehicleParams,
    query: z.strictObject({
      asOf: z.iso
        .datetime({ offset: true })
        .optional()
        .meta({ description: 'ISO 8601 with an offset or `Z`. Default: the newest on record.' }),
    }),
    reads: true,
    responses: { 200: { description: 'The inventory that was valid then.', schema: answer } },
    problems: ['not-found'],
    handler: async ({ params, query, request }) => {
      await awaitPosition(services, request);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const asOf = query.asOf === undefined ? null : new Date(query.asOf).toISOString();
      return { vehicleId, asOf, inventory: await inventoryAt(services, vehicleId, asOf) };
    },
  });
}

/** The newest that is not later, in the order in which they were recorded. */
async function inventoryAt(services: ApiServices, vehicleId: string, asOf: string | null) {
  let until: string | null = null;
  let cursor: string | null = null;
  do {
    const page: Page<InventoryDocument> = await services.reader.find<InventoryDocument>('inventory-history', {
      where: { vehicleId },
      sort: { field: 'id', descending: true },
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const { revision, at, type, source, by, ecus } of page.items) {
      if (asOf === null || at <= asOf) return { revision, at, until, type, source, by, ecus };
      until = at;
    }
    cursor = page.next;
  } while (cursor !== null);
  return null;
}

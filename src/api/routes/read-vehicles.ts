/** Vehicles as they are known, what they could take, and what they were. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { VIN_END, vinEnd } from '../../projections/vin-ends.ts';
import { notFound } from '../problem.ts';
import {
  awaitPosition,
  findDocuments,
  findPage,
  given,
  linkNext,
  type Paging,
  plain,
  withEtag,
} from '../queries.ts';
import { route } from '../route.ts';
import { openDocument, pageOf, paging, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const vehicle = openDocument({
  id: z.string(),
  vin: z
    .string()
    .nullable()
    .meta({ description: 'Null when it was erased; in lists, also when it is sealed.' }),
  brand: z.string(),
  model: z.string(),
  region: z.string(),
  revision: z.int(),
}).meta({ id: 'Vehicle' });
const anyDocument = openDocument({ id: z.string() });
const attribute = z.string().min(1).max(64).optional();

export function readVehicleRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listVehicles',
    method: 'GET',
    url: '/v1/vehicles',
    tag: 'vehicles',
    summary: 'List vehicles',
    query: z.strictObject({
      ...paging,
      brand: attribute,
      model: attribute,
      region: attribute,
      decommissioned: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
      vinEnd: z
        .string()
        .regex(/^[A-Za-z0-9]+$/, 'letters and digits')
        .min(VIN_END)
        .max(17)
        .optional()
        .meta({
          description:
            `The last ${VIN_END} characters of the VIN or more of them. Finds nothing where VINs are sealed. A page may ` +
            'have fewer vehicles than `limit` before the last.',
        }),
    }),
    reads: true,
    responses: { 200: { description: 'A page of vehicles.', schema: pageOf(vehicle) } },
    handler: ({ query, request, reply }) => {
      const { limit, cursor, vinEnd: end, ...filter } = query;
      const page = { where: given(filter), limit, cursor };
      if (end === undefined) return findPage(services, request, reply, 'vehicles', page);
      return findByVinEnd(services, request, reply, end, page);
    },
  });

  route(app, {
    id: 'getVehicle',
    method: 'GET',
    url: '/v1/vehicles/:vehicle',
    tag: 'vehicles',
    summary: 'One vehicle, by VIN or id',
    params: vehicleParams,
    reads: true,
    responses: { 200: { description: 'The vehicle.', schema: vehicle } },
    problems: ['not-found'],
    handler: async ({ params, request, reply }) => {
      await awaitPosition(services, request);
      const found = await load(services, params.vehicle);
      withEtag(reply, found);
      // Where the log holds it sealed, the read model has no VIN.
      const vin = found['vin'] ?? (await services.vehicles.vinOf(found.id));
      return { ...plain(found), vin, online: services.presence.isOnline(found.id) };
    },
  });

  route(app, {
    id: 'getAvailableUpdates',
    method: 'GET',
    url: '/v1/vehicles/:vehicle/available-updates',
    tag: 'vehicles',
    summary: 'Released artifacts that the vehicle could take, and why not the others',
    params: vehicleParams,
    reads: true,
    responses: {
      200: {
        description: 'Compatible and incompatible artifacts for its ECUs.',
        schema: z.object({
          vehicleId: z.string(),
          updates: z.array(openDocument({ artifactId: z.string() })),
        }),
      },
    },
    problems: ['not-found'],
    handler: async ({ params, request }) => {
      await awaitPosition(services, request);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      return { vehicleId, updates: await services.vehicles.availableUpdates(vehicleId) };
    },
  });
  vehicleListRoutes(app, services);
}

/** Few share an end, so that the other filters look at those alone. */
async function findByVinEnd(
  services: ApiServices,
  request: FastifyRequest,
  reply: FastifyReply,
  end: string,
  { where, ...page }: { readonly where: Readonly<Record<string, unknown>> } & Paging,
) {
  const ends = { where: { end: vinEnd(end) }, ...page };
  const found = await findDocuments<Document>(services, request, 'vin-ends', ends);
  const vehicles = await services.reader.getMany<Document>(
    'vehicles',
    found.items.map(({ id }) => id),
  );
  const matches = (one: Document | null): one is Document =>
    String(one?.['vin'] ?? '').endsWith(end.toUpperCase()) &&
    Object.entries(where).every(([name, value]) => one?.[name] === value);
  linkNext(request, reply, found.next);
  return { items: vehicles.filter(matches).map(plain), next: found.next };
}

/** What belongs to one vehicle and comes in pages. */
function vehicleListRoutes(app: FastifyInstance, services: ApiServices): void {
  const lists = [
    {
      id: 'getVehicleAssignments',
      path: 'assignments',
      collection: 'assignments',
      summary: 'Its part in campaigns',
      descending: false,
    },
    {
      id: 'getInventoryHistory',
      path: 'inventory-history',
      collection: 'inventory-history',
      summary: 'Its ECUs over time, newest first',
      descending: true,
    },
  ] as const;
  for (const { id, path, collection, summary, descending } of lists) {
    route(app, {
      id,
      method: 'GET',
      url: `/v1/vehicles/:vehicle/${path}`,
      tag: 'vehicles',
      summary,
      params: vehicleParams,
      query: z.strictObject(paging),
      reads: true,
      responses: { 200: { description: 'A page.', schema: pageOf(anyDocument) } },
      problems: ['not-found'],
      handler: async ({ params, query, request, reply }) => {
        await awaitPosition(services, request);
        const vehicleId = await resolveVehicle(services, params.vehicle);
        const sort = { field: 'id', descending };
        return findPage(services, request, reply, collection, { where: { vehicleId }, sort, ...query });
      },
    });
  }
}

async function load(services: ApiServices, vinOrId: string): Promise<Document> {
  const vehicleId = await resolveVehicle(services, vinOrId);
  const found = await services.reader.get<Document>('vehicles', vehicleId);
  if (found === null) throw notFound('vehicle', vinOrId);
  return found;
}

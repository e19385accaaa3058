/** The fleet at a glance. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { awaitPosition, plain } from '../queries.ts';
import { route } from '../route.ts';
import { openDocument } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

export function fleetRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'getFleetStatus',
    method: 'GET',
    url: '/v1/fleet/status',
    tag: 'fleet',
    summary: 'Vehicles by model, region and assignment state, and how many are active',
    description: 'Online counts come from the broker and are not kept: they start at zero after a restart.',
    reads: true,
    responses: {
      200: {
        description: 'The counts.',
        schema: openDocument({ online: z.int(), vehicles: z.int() }),
      },
    },
    handler: async ({ request }) => {
      await awaitPosition(services, request);
      const { items } = await services.reader.find<Document>('fleet', { limit: 1000 });
      const vehicles = await services.reader.count('vehicles');
      const sections = Object.fromEntries(items.map((item) => [item.id, plain(item)]));
      return { vehicles, online: services.presence.onlineCount(), ...sections };
    },
  });
}

/** What a vehicle said, what it was told, what counted nowhere, and what people did to its record. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type MessagePlace, messagePage } from '../../app/vehicles/messages/history.ts';
import { DIRECTIONS } from '../../app/vehicles/messages/message.ts';
import { reportSource } from '../../domain/vehicle/events.ts';
import { awaitHead, foreignCursor, linkNext, refusingCursors } from '../queries.ts';
import { route } from '../route.ts';
import { pageOf, paging, vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const message = z
  .object({
    id: z.string(),
    direction: z.enum(DIRECTIONS).meta({
      description:
        '`from-vehicle` it reported, `to-vehicle` it was told; `set-aside` is a dead letter, `record` a change of ' +
        'what we hold that no message carried.',
    }),
    type: z.string().meta({ description: 'Type of the event that holds it.' }),
    at: z.string().meta({ description: 'When it was recorded.' }),
    receivedAt: z
      .string()
      .nullable()
      .meta({ description: 'When the broker got it; null without a message, and for inventories.' }),
    report: reportSource.nullable().meta({
      description: 'Epoch, seq, and the time of the vehicle’s own clock (`sentAt`), which may be wrong.',
    }),
    campaignId: z.string().nullable(),
    by: z.object({ kind: z.string(), id: z.string() }),
    rendition: z.enum(['as-received', 'as-recorded']).meta({
      description:
        'With `as-received` the bytes are in `raw` as they came. With `as-recorded` it is the content of the event: an ' +
        'accepted message is kept with all that it said, but not byte for byte.',
    }),
    raw: z.string().nullable().meta({ description: 'Base64; null unless `as-received`.' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'The content as recorded.' }),
  })
  .meta({ id: 'VehicleMessage' });

const place = z.object({
  before: z.string(),
  record: z.int().min(0).nullable(),
  letters: z.string().nullable(),
});

export function vehicleMessageRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listVehicleMessages',
    method: 'GET',
    url: '/v1/vehicles/:vehicle/messages',
    tag: 'vehicles',
    summary: 'All that is on record between the vehicle and us, newest first',
    description:
      'Inventories and reports with the vehicle’s own numbering and clock, offers and what ended them, dead letters ' +
      'with their bytes, and changes of its record by people. Not recorded, so not here: grants and receipts (they ' +
      'carry keys, or follow from what is here), presence, and messages that only repeat what is on record or belong ' +
      'to an epoch or offer that is over. A page with large dead letters has fewer items than `limit`.',
    params: vehicleParams,
    query: z.strictObject({
      ...paging,
      limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: 'Items per page.' }),
      direction: z.enum(DIRECTIONS).optional(),
    }),
    reads: true,
    responses: { 200: { description: 'A page of messages.', schema: pageOf(message) } },
    problems: ['not-found'],
    handler: async ({ params, query, request, reply }) => {
      // Where they are in the log is in the read model: none that is on record may be left out.
      await awaitHead(services);
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const { limit, cursor, direction = null } = query;
      const asked = { direction, after: cursor === undefined ? null : readPlace(cursor) };
      // The place has a cursor of dead letters in it.
      const page = await refusingCursors(messagePage(services, vehicleId, asked, limit));
      const next = page.next === null ? null : writePlace(page.next);
      linkNext(request, reply, next);
      return { items: page.items.map(({ position: _position, ...rest }) => rest), next };
    },
  });
}

const writePlace = (of: MessagePlace): string => Buffer.from(JSON.stringify(of)).toString('base64url');

/** @throws Problem `invalid-cursor` */
function readPlace(cursor: string): MessagePlace {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw foreignCursor();
  }
}

/** The emergency stop of the whole fleet, and lifting it (DESIGN §4.5). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { liftEmergency, stopEmergency } from '../../domain/fleet/commands.ts';
import { answer, envelopeOf } from '../command.ts';
import { route } from '../route.ts';
import { commandExample, commandResult } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const FLEET = 'fleet';

const stopped = commandResult.extend({
  active: z.boolean().meta({
    description: 'Whether a stop is in force; false for a repeat of a request whose stop was lifted since.',
  }),
  halted: z.boolean().meta({ description: 'Whether every shard has confirmed the stop in force.' }),
  missing: z.array(z.object({ campaignId: z.string(), shards: z.array(z.int()) })).meta({
    description: 'Campaigns under way, with their shards that have not confirmed yet.',
  }),
});
const example = { ...commandExample, id: FLEET, events: ['EmergencyStopped'] };
const stoppedExample = { ...example, active: true, halted: true, missing: [] };

export function emergencyRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'stopEmergency',
    method: 'POST',
    url: '/v1/fleet/emergency-stop',
    tag: 'fleet',
    summary: 'Stop everything: offer and grant nothing more, in no campaign, until it is lifted',
    description:
      'Answers when every shard of every campaign under way has stopped; after 5 s with 202 and the shards that are ' +
      'missing. Open offers are taken back, installations under way finish and are counted. Repeat it to wait again.',
    body: stopEmergency.omit({ type: true }),
    bodyExample: { reason: 'Vehicles do not start after the update.' },
    command: true,
    responses: {
      200: { description: 'Stopped everywhere.', schema: stopped, example: stoppedExample },
      202: {
        description: 'Recorded; some shards have not confirmed yet.',
        schema: stopped,
        example: { ...stoppedExample, halted: false, missing: [{ campaignId: 'tcm-2026-07', shards: [3] }] },
      },
    },
    handler: async ({ body, request, reply }) => {
      const outcome = await services.fleet.execute({ type: 'StopEmergency', ...body }, envelopeOf(request));
      const result = await answer(services, reply, FLEET, outcome);
      const halt = await services.fleet.waitForHalt();
      // Never 201, although the first stop of all begins the stream.
      reply.code(halt.missing.length > 0 ? 202 : 200);
      return { ...result, ...halt };
    },
  });

  route(app, {
    id: 'liftEmergency',
    method: 'POST',
    url: '/v1/fleet/emergency-lift',
    tag: 'fleet',
    summary: 'Lift the emergency stop',
    description: 'Running campaigns go on with new offers; those paused meanwhile stay paused.',
    body: liftEmergency.omit({ type: true }),
    bodyExample: { reason: 'It was one workshop; the artifact is withdrawn.' },
    command: true,
    responses: {
      200: {
        description: 'Lifted.',
        schema: commandResult,
        example: { ...example, events: ['EmergencyLifted'] },
      },
    },
    handler: async ({ body, request, reply }) => {
      const outcome = await services.fleet.execute({ type: 'LiftEmergency', ...body }, envelopeOf(request));
      return answer(services, reply, FLEET, outcome);
    },
  });
}

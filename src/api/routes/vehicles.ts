/** Registering one vehicle, and what workshops and plants tell us of it. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  clearService,
  decommissionVehicle,
  describeVehicle,
  flagService,
  replaceEcu,
  reportInventory,
  revokeCredential,
} from '../../domain/vehicle/commands.ts';
import { vehicleDescription } from '../../domain/vehicle/events.ts';
import { answer, envelopeOf } from '../command.ts';
import { fromRejection, notFound } from '../problem.ts';
import type { OperationId } from '../roles.ts';
import { route } from '../route.ts';
import { commandExample, commandResult, ecuBody, ecusBody, vehicleParams } from '../schemas.ts';
import type { ApiServices, VehicleHttpCommand } from '../services.ts';
import { strict } from '../strict.ts';

const example = { ...commandExample, id: 'WVWZZZ1JZXW000001', events: ['InventoryReported'] };
const done = { 200: { description: 'Taken effect.', schema: commandResult, example } };

const description = strict(vehicleDescription);
/** A vehicle in full, without its VIN: the body of PUT, and with `vin` a row of an import. */
export const vehicleBody = description.extend({ ecus: ecusBody.optional() });

export const vehicleExample = {
  brand: 'Aurora',
  model: 'A3',
  variant: 'touring',
  region: 'DE',
  timeZone: 'Europe/Berlin',
  tags: ['pilot'],
  buildDate: '2025-03-01',
  ecus: [
    {
      type: 'TCM',
      serial: 'T-1',
      hardware: { part: 'TCM-100', version: '1.0' },
      components: [{ name: 'main', softwareVersion: '2.0.0' }],
    },
  ],
};

/** @throws Problem `not-found`. */
export async function resolveVehicle(services: ApiServices, vinOrId: string): Promise<string> {
  const vehicleId = await services.vehicles.resolve(vinOrId);
  if (vehicleId === null) throw notFound('vehicle', vinOrId);
  return vehicleId;
}

export function vehicleRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'registerVehicle',
    method: 'PUT',
    url: '/v1/vehicles/:vin',
    tag: 'vehicles',
    summary: 'Register a vehicle, or describe it anew',
    description:
      'The VIN follows ISO 3779; a wrong check digit is only a warning, because Europe does not use it.',
    params: z.strictObject({ vin: z.string().min(1).max(64) }),
    body: vehicleBody,
    bodyExample: vehicleExample,
    command: true,
    responses: { ...done, 201: { description: 'Registered.', schema: commandResult, example } },
    problems: ['invalid-vin'],
    handler: async ({ params, body, request, reply }) => {
      const { ecus: units, ...rest } = body;
      const input = { vin: params.vin, description: rest, ...(units === undefined ? {} : { ecus: units }) };
      const put = await services.vehicles.put(input, envelopeOf(request));
      return answer(services, reply, put.vehicleId, put.outcome);
    },
  });

  const inventorySource = reportInventory.shape.source.default('workshop');
  command(app, services, {
    id: 'reportInventory',
    verb: 'inventory',
    summary: 'Report all ECUs of a vehicle, as a workshop or plant read them',
    body: z.strictObject({ source: inventorySource, ecus: ecusBody }),
    bodyExample: { source: 'workshop', ecus: vehicleExample.ecus },
    toCommand: (body) => ({ type: 'ReportInventory', report: null, ...body }),
  });
  command(app, services, {
    id: 'replaceEcu',
    verb: 'replace-ecu',
    summary: 'Record that an ECU was replaced',
    body: replaceEcu.omit({ type: true }).extend({ installed: ecuBody }),
    bodyExample: { ecuType: 'TCM', installed: vehicleExample.ecus[0] },
    toCommand: (body) => ({ type: 'ReplaceEcu', ...body }),
  });
  command(app, services, {
    id: 'describeVehicle',
    verb: 'describe',
    summary: 'Change brand, model, region, time zone, tags and the like (all of them)',
    body: strict(describeVehicle.shape.description),
    toCommand: (body) => ({ type: 'DescribeVehicle', description: body }),
  });
  reasonedCommands(app, services);
}

function reasonedCommands(app: FastifyInstance, services: ApiServices): void {
  command(app, services, {
    id: 'decommissionVehicle',
    verb: 'decommission',
    summary: 'Take a vehicle out of the fleet',
    body: decommissionVehicle.omit({ type: true }),
    bodyExample: { reason: 'scrapped' },
    toCommand: (body) => ({ type: 'DecommissionVehicle', ...body }),
  });
  command(app, services, {
    id: 'flagService',
    verb: 'flag-service',
    summary: 'Flag that the vehicle needs service',
    body: flagService.omit({ type: true }),
    bodyExample: { code: 'BRAKE-7', reason: 'reported by the driver' },
    toCommand: (body) => ({ type: 'FlagService', ...body }),
  });
  command(app, services, {
    id: 'clearService',
    verb: 'clear-service',
    summary: 'Clear a service flag',
    body: clearService.omit({ type: true }),
    bodyExample: { code: 'BRAKE-7' },
    toCommand: (body) => ({ type: 'ClearService', ...body }),
  });
  command(app, services, {
    id: 'revokeCredential',
    verb: 'revoke-credential',
    summary: 'Revoke the credential that the vehicle connects with',
    body: revokeCredential.omit({ type: true }),
    bodyExample: { reason: 'TCU stolen' },
    toCommand: (body) => ({ type: 'RevokeCredential', ...body }),
  });
}

interface CommandSpec<B extends z.ZodType> {
  readonly id: OperationId;
  readonly verb: string;
  readonly summary: string;
  readonly body: B;
  readonly bodyExample?: unknown;
  readonly toCommand: (body: z.output<B>) => VehicleHttpCommand;
}

function command<B extends z.ZodType>(
  app: FastifyInstance,
  services: ApiServices,
  spec: CommandSpec<B>,
): void {
  const { toCommand, verb, ...doc } = spec;
  route(app, {
    ...doc,
    method: 'POST',
    url: `/v1/vehicles/:vehicle/${verb}`,
    tag: 'vehicles',
    params: vehicleParams,
    command: true,
    responses: done,
    problems: ['not-found'],
    handler: async ({ params, body, request, reply }) => {
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const toExecute = toCommand(body as z.output<B>);
      const outcome = await services.vehicles.execute(vehicleId, toExecute, envelopeOf(request));
      return answer(services, reply, vehicleId, outcome);
    },
  });
}

const credential = z
  .object({
    vehicleId: z.string(),
    username: z.string(),
    password: z.string(),
    generation: z.int(),
  })
  .meta({ id: 'Credential' });

export function credentialRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'issueCredential',
    method: 'POST',
    url: '/v1/vehicles/:vehicle/issue-credential',
    tag: 'vehicles',
    summary: 'Issue a new MQTT credential; the one before ends',
    params: vehicleParams,
    body: z.strictObject({}),
    command: true,
    responses: {
      200: {
        description: 'The credential.',
        schema: commandResult.extend({ credential: credential.nullable() }),
      },
    },
    problems: ['not-found'],
    handler: async ({ params, request, reply }) => {
      const vehicleId = await resolveVehicle(services, params.vehicle);
      const issued = await services.vehicles.issueCredential(vehicleId, envelopeOf(request));
      const result = await answer(services, reply, vehicleId, issued.outcome);
      return { ...result, credential: issued.credential };
    },
  });

  route(app, {
    id: 'issueCredentials',
    method: 'POST',
    url: '/v1/vehicles/credentials',
    tag: 'vehicles',
    summary: 'Credentials of many vehicles (VINs or ids), issued where there is none',
    body: z.strictObject({
      vehicleIds: z
        .array(z.string().regex(/^[A-Za-z0-9]{1,32}$/))
        .min(1)
        .max(10_000),
    }),
    bodyExample: { vehicleIds: ['WVWZZZ1JZXW000001'] },
    responses: {
      200: { description: 'In the order asked.', schema: z.object({ credentials: z.array(credential) }) },
    },
    problems: ['not-found'],
    handler: async ({ body, request }) => {
      const found = await services.vehicles.credentials(body.vehicleIds, envelopeOf(request));
      if (!found.ok) throw fromRejection(found.rejection);
      return { credentials: found.credentials };
    },
  });
}

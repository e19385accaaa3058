/** Whole tables for analysts: streamed, typed, in the format they ask for. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { assignmentsTable } from '../../app/export/assignments.ts';
import { eventsTable } from '../../app/export/events.ts';
import { messagesTable } from '../../app/export/messages.ts';
import { softwareHistoryTable } from '../../app/export/software-history.ts';
import type { Table } from '../../app/export/table.ts';
import { campaignId } from '../../domain/shared/ids.ts';
import { toParquet } from '../export/parquet.ts';
import { toCsv, toNdjson } from '../export/text-formats.ts';
import { notFound } from '../problem.ts';
import { awaitHead, awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import { vehicleParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { resolveVehicle } from './vehicles.ts';

const FORMATS = {
  csv: { contentType: 'text/csv', write: toCsv },
  ndjson: { contentType: 'application/x-ndjson', write: toNdjson },
  parquet: { contentType: 'application/vnd.apache.parquet', write: toParquet },
} as const;
type Format = keyof typeof FORMATS;

const format = z
  .enum(['csv', 'ndjson', 'parquet'])
  .default('parquet')
  .meta({ description: 'Parquet has the types of all columns; DuckDB, pandas and Spark read it as it is.' });

const DESCRIPTION =
  'Streamed, never whole in memory; an answer that was cut lacks its end (Parquet then can not be read at all). ' +
  'docs/analysis.md has the columns, and questions to ask of them.';

const responses = {
  200: {
    description: 'The table.',
    contentType: FORMATS.parquet.contentType,
    also: [FORMATS.csv.contentType, FORMATS.ndjson.contentType],
  },
};

export function exportRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'exportAssignments',
    method: 'GET',
    url: '/v1/exports/assignments',
    tag: 'exports',
    summary: 'Each vehicle’s part in a campaign, or in all, as CSV, NDJSON or Parquet',
    description: `As it is now, page by page; brand, model, variant and region as frozen with the targets. ${DESCRIPTION}`,
    query: z.strictObject({
      format,
      campaign: campaignId.optional().meta({ description: 'Default: all campaigns.' }),
    }),
    reads: true,
    streaming: true,
    responses,
    problems: ['not-found'],
    handler: async ({ query, request, reply }) => {
      await awaitPosition(services, request);
      if (query.campaign !== undefined) await mustExist(services, query.campaign);
      return send(reply, assignmentsTable(services.reader, query.campaign ?? null), query.format);
    },
  });

  route(app, {
    id: 'exportEvents',
    method: 'GET',
    url: '/v1/exports/events',
    tag: 'exports',
    summary: 'Every event of a campaign in log order, as CSV, NDJSON or Parquet',
    description: `The column \`data\` is JSON. ${DESCRIPTION}`,
    query: z.strictObject({ format, campaign: campaignId }),
    reads: true,
    streaming: true,
    responses,
    problems: ['not-found'],
    handler: async ({ query, request, reply }) => {
      await awaitPosition(services, request);
      await mustExist(services, query.campaign);
      return send(reply, eventsTable(services.log, query.campaign), query.format);
    },
  });

  route(app, {
    id: 'exportSoftwareHistory',
    method: 'GET',
    url: '/v1/exports/software-history',
    tag: 'exports',
    summary: 'Which vehicle had which software from when to when, as CSV, NDJSON or Parquet',
    description: `A row for each component of each ECU and inventory; \`valid_to\` is null for what is now. ${DESCRIPTION}`,
    query: z.strictObject({
      format,
      vehicle: vehicleParams.shape.vehicle
        .optional()
        .meta({ description: 'VIN or id; default: all vehicles.' }),
    }),
    reads: true,
    streaming: true,
    responses,
    problems: ['not-found'],
    handler: async ({ query, request, reply }) => {
      await awaitPosition(services, request);
      const only = query.vehicle === undefined ? null : await resolveVehicle(services, query.vehicle);
      return send(reply, softwareHistoryTable(services.reader, only), query.format);
    },
  });
  messageExport(app, services);
}

function messageExport(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'exportVehicleMessages',
    method: 'GET',
    url: '/v1/exports/messages',
    tag: 'exports',
    summary: 'All that is on record between a vehicle and us, newest first, as CSV, NDJSON or Parquet',
    description: `\`…/messages\` of the vehicle says what that is; \`raw\` is base64, \`data\` JSON. ${DESCRIPTION}`,
    query: z.strictObject({ format, vehicle: vehicleParams.shape.vehicle }),
    reads: true,
    streaming: true,
    responses,
    problems: ['not-found'],
    handler: async ({ query, reply }) => {
      await awaitHead(services);
      const vehicleId = await resolveVehicle(services, query.vehicle);
      return send(reply, messagesTable(services, vehicleId), query.format);
    },
  });
}

async function mustExist(services: ApiServices, id: string): Promise<void> {
  if ((await services.reader.get('campaigns', id)) === null) throw notFound('campaign', id);
}

function send(reply: FastifyReply, table: Table, name: Format): FastifyReply {
  const { contentType, write } = FORMATS[name];
  return reply
    .type(name === 'csv' ? `${contentType}; charset=utf-8` : contentType)
    .header('content-disposition', `attachment; filename="${table.name}.${name}"`)
    .send(Readable.from(write(table), { objectMode: false }));
}

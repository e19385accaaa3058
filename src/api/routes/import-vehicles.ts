/** Bulk import: a stream in, a report per rejected row out, in the order of the rows. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { CommandEnvelope } from '../../app/handle-command.ts';
import { importVehicles, type RejectedRow } from '../../app/vehicles/import.ts';
import { envelopeOf } from '../command.ts';
import { type ImportRow, readCsv, readNdjson } from '../import-rows.ts';
import { errorsOf, problem } from '../problem.ts';
import { PROBLEM_URN } from '../problem-types.ts';
import { route } from '../route.ts';
import type { ApiServices, VehicleInput } from '../services.ts';
import { vehicleExample } from './vehicles.ts';

const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';
/** Rows that are registered together: enough to share a commit, few enough to report soon. */
const BATCH_ROWS = 1000;

const rejectedRow = z.object({
  line: z.int(),
  vin: z.string().nullable(),
  type: z.string(),
  detail: z.string(),
  hint: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
});
const report = z.union([rejectedRow, z.object({ accepted: z.int(), rejected: z.int() })]);

/** Registered in a scope of its own, so that no other route takes these media types. */
export function importRoutes(app: FastifyInstance, services: ApiServices): void {
  app.removeAllContentTypeParsers();
  for (const type of [NDJSON, CSV])
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  route(app, {
    id: 'importVehicles',
    method: 'POST',
    url: '/v1/vehicles/import',
    tag: 'vehicles',
    summary: 'Register vehicles in bulk',
    description:
      'Rows are registered as they come, a thousand at a time, each for itself: a bad row stops no other. ' +
      'The answer is NDJSON: a line for each rejected row, then `{"accepted":n,"rejected":m}`. ' +
      'An answer without that last line means that the import was cut; sending it again is safe.',
    streams: [
      {
        contentType: NDJSON,
        description: 'A vehicle with its `vin` per line.',
        example: { vin: 'WVWZZZ1JZXW000001', ...vehicleExample },
      },
      {
        contentType: CSV,
        description:
          'Header `vin,brand,model,variant,region,timeZone,tags,buildDate,ecus`; tags by `|`, ecus as JSON.',
      },
    ],
    streaming: true,
    responses: {
      200: { description: 'The report, one JSON value per line.', schema: report, contentType: NDJSON },
    },
    handler: async ({ request, reply }) => {
      const type = request.headers['content-type'] ?? '';
      if (request.body === undefined)
        throw problem('unsupported-media-type', 'the import has no body', {
          hint: `Send ${NDJSON} or ${CSV}.`,
        });
      const rows = type.startsWith(CSV) ? readCsv(request.raw) : readNdjson(request.raw);
      reply.type(NDJSON);
      return reply.send(
        Readable.from(importAll(services, rows, envelopeOf(request, null)), { objectMode: false }),
      );
    },
  });
}

async function* importAll(
  services: ApiServices,
  rows: AsyncIterable<ImportRow>,
  envelope: CommandEnvelope,
): AsyncGenerator<string> {
  const register = (inputs: readonly VehicleInput[]) => services.vehicles.importRows(inputs, envelope);
  const importing = importVehicles(register, rows, { batchRows: BATCH_ROWS });
  let next = await importing.next();
  while (next.done !== true) {
    yield `${JSON.stringify(reportOf(next.value))}\n`;
    next = await importing.next();
  }
  yield `${JSON.stringify(next.value)}\n`;
}

function reportOf({ row, rejection }: RejectedRow<ImportRow>): z.infer<typeof rejectedRow> {
  const { line } = row;
  if (rejection !== null) {
    const { code, message: detail, hint } = rejection;
    const vin = row.ok ? row.input.vin : null;
    return { line, vin, type: PROBLEM_URN + code, detail, hint, errors: errorsOf(rejection) };
  }
  if (row.ok) throw new Error('a row was rejected without a reason');
  const { vin, detail, errors } = row;
  const hint = 'Correct the row and send it again.';
  return { line, vin, type: `${PROBLEM_URN}invalid-request`, detail, hint, errors: [...errors] };
}

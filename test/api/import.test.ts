import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vehicleExample } from '../../src/api/routes/vehicles.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const vinOf = (n: number) => `WFW${String(n).padStart(14, '0')}`;
const row = (n: number, more: object = {}) => JSON.stringify({ vin: vinOf(n), ...vehicleExample, ...more });
const send = (type: string, payload: string) =>
  harness.call({ method: 'POST', url: '/v1/vehicles/import', headers: { 'content-type': type }, payload });
const linesOf = (body: string) =>
  body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the import of vehicles', () => {
  it('registers good rows, reports each bad one with its line, and ends with the sums', async () => {
    const lines = [
      row(1),
      '{"vin": oops',
      '',
      row(2, { region: 'Germany' }),
      row(3, { colour: 'red' }),
      JSON.stringify({ ...vehicleExample, vin: 'O0O' }),
      'x'.repeat(300_000),
      row(4),
    ];
    const answer = await send('application/x-ndjson', lines.join('\n'));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const report = linesOf(answer.body);
    expect(report.map(({ line, type }) => [line, type])).toEqual([
      [2, 'urn:fleetwave:problem:invalid-request'],
      [4, 'urn:fleetwave:problem:invalid-request'],
      [5, 'urn:fleetwave:problem:invalid-request'],
      [6, 'urn:fleetwave:problem:invalid-vin'],
      [7, 'urn:fleetwave:problem:invalid-request'],
      [undefined, undefined],
    ]);
    expect(report[1]).toMatchObject({ vin: vinOf(2), errors: [{ path: '/region' }] });
    expect(report[2]).toMatchObject({ errors: [{ path: '/colour' }] });
    expect(report.at(-1)).toEqual({ accepted: 2, rejected: 5 });
  });

  it('reads CSV with quotes, tags and ECUs', async () => {
    const csv = [
      'vin,brand,model,variant,region,timeZone,tags,buildDate,ecus',
      `${vinOf(10)},Aurora,"A3, long",,DE,Europe/Berlin,pilot|beta,2025-03-01,`,
      `${vinOf(11)},Aurora,A3,,DE,Europe/Berlin,,,"${JSON.stringify(vehicleExample.ecus).replaceAll('"', '""')}"`,
      `${vinOf(12)},Aurora,A3,,DE,Europe/Berlin,,,not json`,
      `${vinOf(13)},,A3,,DE,Europe/Berlin,,,`,
    ].join('\r\n');
    const report = linesOf((await send('text/csv', csv)).body);
    expect(report).toMatchObject([
      { line: 4, vin: vinOf(12) },
      { line: 5, vin: vinOf(13), errors: [{ path: '/brand' }] },
      { accepted: 2, rejected: 2 },
    ]);
  });

  it('of a CSV with a broken quote says that the rest was not read', async () => {
    const csv = `vin,brand,model,variant,region,timeZone,tags,buildDate,ecus\n"${vinOf(20)}x"y,A,B\n`;
    const report = linesOf((await send('text/csv', csv)).body);
    expect(report[0]?.['detail']).toMatch(/the rest of the file was not read$/);
    expect(report.at(-1)).toEqual({ accepted: 0, rejected: 1 });
  });

  it('is safe to send again', async () => {
    const again = linesOf((await send('application/x-ndjson', `${row(1)}\n${row(4)}\n`)).body);
    expect(again).toEqual([{ accepted: 2, rejected: 0 }]);
  });

  it('streams: reports the first rows while the last have not been sent, and keeps them when it is cut', async () => {
    await harness.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = harness.app.server.address() as { port: number };
    const key = await harness.keyOf('ada', 'operator');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const sent = httpRequest({ port, path: '/v1/vehicles/import', method: 'POST', headers });
    const first = new Promise<string>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.on('error', () => undefined);
        response.once('data', (chunk) => resolve(String(chunk)));
      });
    });
    sent.write(`broken\n${Array.from({ length: 3500 }, (_, n) => row(1000 + n)).join('\n')}\n`);
    expect(JSON.parse(await first)).toMatchObject({ line: 1 });
    sent.destroy();
    await expect.poll(() => harness.services.vehicles.resolve(vinOf(1000))).toBe(vinOf(1000));
  });
});

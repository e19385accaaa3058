import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEM_TYPES, PROBLEM_URN } from '../../src/api/problem-types.ts';
import { campaignExample } from '../../src/api/routes/campaigns.ts';
import { vehicleExample } from '../../src/api/routes/vehicles.ts';
import { BODY_LIMIT_BYTES } from '../../src/api/server.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
let port: number;
let key: string;
beforeAll(async () => {
  harness = await startHarness();
  key = await harness.keyOf('ada', 'admin');
  await harness.call({ method: 'PUT', url: '/v1/campaigns/known', payload: campaignExample });
  await harness.call({ method: 'PUT', url: '/v1/artifacts/a@1', payload: artifact });
  await harness.app.listen({ port: 0, host: '127.0.0.1' });
  port = (harness.app.server.address() as { port: number }).port;
});
afterAll(() => harness.close());

const artifact = { kind: 'firmware', target: { ecuType: 'TCM', component: 'main' }, releaseType: 'routine' };
const json = { 'content-type': 'application/json' };
const octets = { 'content-type': 'application/octet-stream' };
const digestOf = (bytes: Uint8Array) => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
const first = campaignExample.policy.waves[0];
const change = (policy: object) => ({ ...campaignExample, policy: { ...campaignExample.policy, ...policy } });
const put = (payload: unknown): InjectOptions => ({
  method: 'PUT',
  url: '/v1/campaigns/new',
  headers: json,
  payload: payload as object,
});
const bytes = Buffer.from('firmware');

const CASES: readonly [string, string, InjectOptions, string?][] = [
  ['malformed JSON', 'malformed-json', put('{"title": ')],
  ['a prototype in JSON', 'malformed-json', put('{"title":"x","__proto__":{"a":1}}')],
  ['a wrong type', 'invalid-request', put({ ...campaignExample, title: 5 }), '/title'],
  ['an array for an object', 'invalid-request', put([]), '/'],
  ['an unknown field', 'invalid-request', put({ ...campaignExample, titel: 'x' }), '/titel'],
  ['an unknown field deep inside', 'invalid-request', put(change({ maxAttempt: 3 })), '/policy/maxAttempt'],
  [
    'an unknown field in a list',
    'invalid-request',
    put(change({ waves: [{ ...first, gate: { ...first?.gate, soak: 1 } }] })),
    '/policy/waves/0/gate/soak',
  ],
  ['a number out of range', 'invalid-request', put(change({ maxAttempts: 99 })), '/policy/maxAttempts'],
  [
    'an id of a wrong form',
    'invalid-request',
    { ...put(campaignExample), url: '/v1/campaigns/NOT_ok' },
    '/path/campaignId',
  ],
  ['a body that is too large', 'body-too-large', put(`{"title":"${'x'.repeat(10_000_000)}"}`)],
  [
    'another media type',
    'unsupported-media-type',
    { ...put('<x/>'), headers: { 'content-type': 'text/xml' } },
  ],
  [
    'raw bytes where JSON is due',
    'unsupported-media-type',
    { ...put('xx'), headers: { 'content-type': 'application/octet-stream' } },
  ],
  [
    'a VIN with an O',
    'invalid-vin',
    { method: 'PUT', url: '/v1/vehicles/WVWZZZ1JZXW0O0001', payload: vehicleExample },
  ],
  [
    'a region of a wrong form',
    'invalid-request',
    {
      method: 'PUT',
      url: '/v1/vehicles/WVWZZZ1JZXW000001',
      payload: { ...vehicleExample, region: 'Germany' },
    },
    '/region',
  ],
  [
    'a stale revision',
    'revision-mismatch',
    { method: 'POST', url: '/v1/campaigns/known/start', headers: { 'if-match': '"7"' } },
  ],
  ['an unknown campaign', 'not-found', { method: 'POST', url: '/v1/campaigns/none/start' }],
  [
    'an unknown vehicle',
    'not-found',
    { method: 'POST', url: '/v1/vehicles/NONE/clear-service', payload: { code: 'x' } },
  ],
  ['an unknown artifact', 'not-found', { method: 'GET', url: '/v1/artifacts/none@1' }],
  [
    'a query with a syntax error',
    'invalid-query',
    { method: 'GET', url: '/v1/targeting/preview?query=model==' },
    '/query/query',
  ],
  ['an unknown parameter', 'invalid-request', { method: 'GET', url: '/v1/campaigns?sort=x' }, '/query/sort'],
  [
    'a limit above 1000',
    'invalid-request',
    { method: 'GET', url: '/v1/campaigns?limit=5000' },
    '/query/limit',
  ],
  ['a foreign cursor', 'invalid-cursor', { method: 'GET', url: '/v1/campaigns?cursor=abc' }, '/query/cursor'],
  [
    'a position that is none',
    'invalid-header',
    { method: 'GET', url: '/v1/campaigns', headers: { 'fleetwave-min-position': 'a b' } },
  ],
  [
    'an Idempotency-Key that is too long',
    'invalid-header',
    { method: 'POST', url: '/v1/campaigns/known/start', headers: { 'idempotency-key': 'x'.repeat(129) } },
  ],
  ['an unknown path', 'not-found', { method: 'GET', url: '/v1/nothing' }],
  ['a method that a path has not', 'method-not-allowed', { method: 'DELETE', url: '/v1/campaigns/known' }],
  ['a path that is not percent-encoded well', 'bad-request', { method: 'GET', url: '/v1/campaigns/%zz' }],
  [
    'an answer in a form that is not to be had',
    'not-acceptable',
    { method: 'GET', url: '/v1/campaigns', headers: { accept: 'text/xml' } },
  ],
  [
    'an upload without digest',
    'digest-required',
    { method: 'PUT', url: '/v1/artifacts/a@1/files/f.bin', headers: octets, payload: bytes },
    '/headers/content-digest',
  ],
  [
    'an upload with another digest',
    'digest-mismatch',
    {
      method: 'PUT',
      url: '/v1/artifacts/a@1/files/f.bin',
      headers: { ...octets, 'content-digest': digestOf(Buffer.from('other')) },
      payload: bytes,
    },
  ],
  [
    'an upload of another media type',
    'unsupported-media-type',
    {
      method: 'PUT',
      url: '/v1/artifacts/a@1/files/f.bin',
      headers: { 'content-type': 'text/plain' },
      payload: bytes,
    },
  ],
];

describe('bad input gets a stable problem and writes no event', () => {
  it.each(CASES)('%s: %s', async (_name, code, options, path) => {
    const before = await harness.store.head();
    const answer = await harness.call({ ...options, key });
    const body = answer.json();
    expect(body).toMatchObject({ type: PROBLEM_URN + code, status: answer.statusCode });
    expect(answer.statusCode).toBe(PROBLEM_TYPES[code]?.status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    for (const field of ['title', 'detail', 'hint', 'instance']) expect(body[field]).toMatch(/./);
    if (path !== undefined) expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await harness.store.head()).toBe(before);
  });

  it('names the character of a syntax error, and the methods that a path has', async () => {
    const query = await harness.call({ method: 'GET', url: '/v1/targeting/preview?query=model==' });
    expect(query.json().details.position).toBe(7);
    const method = await harness.call({ method: 'DELETE', url: '/v1/campaigns/known' });
    expect(method.headers['allow']).toBe('PUT, GET, HEAD');
  });

  it('a body of exactly the limit is read', async () => {
    const padding = BODY_LIMIT_BYTES - '{"title":""}'.length;
    const answer = await harness.call(put(`{"title":"${'x'.repeat(padding)}"}`));
    expect(answer.json().type).toBe('urn:fleetwave:problem:invalid-request');
  });

  it('an error of ours shows a correlation id and nothing of the inside', async () => {
    const broken = await startHarness({}, (base) => ({
      campaigns: {
        ...base.campaigns,
        execute: async () => {
          throw new Error('disk full at /secret/path');
        },
      },
    }));
    const answer = await broken.call(put(campaignExample));
    expect(answer.statusCode).toBe(500);
    expect(answer.json().type).toBe('urn:fleetwave:problem:internal');
    expect(answer.json().instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(answer.body).not.toMatch(/secret|disk|at .*\.ts/);
    await broken.close();
  });
});

/** Sends bytes as they are and gives what came back when the peer closed, or after `cut`. */
const raw = (text: string, cut = false): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      if (cut) setTimeout(() => socket.destroy(), 100);
    });
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });

const upload = (headers: string, body: string) =>
  `PUT /v1/artifacts/a@1/files/f.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
  `Content-Type: application/octet-stream\r\nContent-Digest: ${digestOf(bytes)}\r\n${headers}\r\n\r\n${body}`;

describe('on the wire', () => {
  it('an upload that is cut in the middle writes no event', async () => {
    const before = await harness.store.head();
    await raw(upload('Content-Length: 8', 'firm'), true);
    expect(await harness.store.head()).toBe(before);
    const whole = await raw(upload('Content-Length: 8\r\nConnection: close', 'firmware'));
    expect(whole).toMatch(/^HTTP\/1\.1 200 /);
    expect(await harness.store.head()).not.toBe(before);
  });

  it('Expect: 100-continue asks for the body only after key and headers were accepted', async () => {
    const refused = await raw(
      upload('Content-Length: 8\r\nExpect: 100-continue\r\nConnection: close', '').replace(key, 'fwk_none'),
    );
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    const accepted = await raw(
      upload('Content-Length: 8\r\nExpect: 100-continue\r\nConnection: close', 'firmware'),
    );
    expect(accepted).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('Expect: 100-continue does not ask for a body that is too large', async () => {
    const refused = await raw(
      `PUT /v1/campaigns/new HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n',
    );
    expect(refused).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('bytes that are not HTTP and headers over the limit get a problem too', async () => {
    expect(await raw('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*urn:fleetwave:problem:bad-request/s);
    const large = await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 .*urn:fleetwave:problem:headers-too-large/s);
  });
});

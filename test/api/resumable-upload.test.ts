/** Resumable uploads over HTTP: the statuses of tus 1.0.0, and the client that its authors publish. */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { DetailedError, Upload, type UploadOptions } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../app/artifacts/bytes.ts';
import { openWorkbench, type Workbench } from '../app/artifacts/workbench.ts';
import { type Harness, startHarness } from './support/harness.ts';

const PIECE = 50_000;
const MAX = 1_000_000;
const TUS = { 'tus-resumable': '1.0.0' };
const OCTETS = { ...TUS, 'content-type': 'application/offset+octet-stream' };
const FILE = Buffer.from(bytesOf(230_000, 5));

let bench: Workbench;
/** Two processes on the same stores. */
let one: Harness;
let two: Harness;
let key: string;
let origin: string;
let otherOrigin: string;
/** Each has keys of its own in this test. */
let otherKey: string;

beforeAll(async () => {
  bench = await openWorkbench({ maxFileBytes: MAX });
  const process = () =>
    startHarness({}, () => ({
      artifacts: bench.service,
      uploads: bench.uploads({ pieceBytes: PIECE }),
      head: () => bench.store.head(),
      log: bench.store,
    }));
  [one, two] = [await process(), await process()];
  [key, otherKey] = [await one.keyOf('ada', 'developer'), await two.keyOf('ada', 'developer')];
  [origin, otherOrigin] = [await listening(one), await listening(two)];
});
afterAll(async () => {
  await one.close();
  await two.close();
  await bench.dispose();
});

const listening = (harness: Harness): Promise<string> => harness.app.listen({ port: 0, host: '127.0.0.1' });

let count = 0;
/** An artifact of its own for each test. */
async function artifact(): Promise<{ readonly id: string; readonly uploads: string }> {
  const id = `tcm-firmware@1.0.${++count}`;
  await bench.register(id);
  return { id, uploads: `/v1/artifacts/${encodeURIComponent(id)}/uploads` };
}

const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const metadata = (sha256: string, name = 'tcm.bin'): string =>
  `filename ${base64(name)},sha256 ${base64(sha256)}`;

interface Ask {
  readonly method: string;
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly payload?: Buffer;
  readonly key?: string;
}
/** Over a connection, as in life. */
async function ask({ method, url, headers, payload, key: own }: Ask, harness = one) {
  const there = harness === two ? { origin: otherOrigin, key: otherKey } : { origin, key };
  const response = await fetch(there.origin + url, {
    method,
    headers: { authorization: `Bearer ${own ?? there.key}`, ...headers },
    ...(payload === undefined ? {} : { body: payload }),
  });
  const body = await response.text();
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers) as Record<string, string | undefined>,
    body,
    json: () => JSON.parse(body),
  };
}
const create = (uploads: string, bytes = FILE, headers: Record<string, string> = {}) =>
  ask({
    method: 'POST',
    url: uploads,
    headers: {
      ...TUS,
      'upload-length': String(bytes.length),
      'upload-metadata': metadata(hex(bytes)),
      ...headers,
    },
  });
const patch = (url: string, offset: number, payload: Buffer, headers: Record<string, string> = {}) =>
  ask({
    method: 'PATCH',
    url,
    headers: { ...OCTETS, 'upload-offset': String(offset), ...headers },
    payload,
  });
const problemOf = (answer: { json(): { type: string } }): string =>
  answer.json().type.split(':').at(-1) ?? '';

describe('tus', () => {
  it('says what it can do, to anyone', async () => {
    const { uploads } = await artifact();
    const answer = await one.call({ method: 'OPTIONS', url: uploads, key: null });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,expiration,termination',
      'tus-max-size': String(MAX),
    });
  });

  it('creates, takes bytes, tells where it stands, and stores the file with the last ones', async () => {
    const { id, uploads } = await artifact();
    const created = await create(uploads);
    expect(created.statusCode, created.body).toBe(201);
    const url = String(created.headers['location']);
    expect(created.headers).toMatchObject({ 'tus-resumable': '1.0.0', 'upload-offset': '0' });
    expect(created.json()).toMatchObject({ artifactId: id, size: FILE.length, by: 'ada', offset: 0 });
    expect(created.json()).not.toHaveProperty('metadata');

    const first = await patch(url, 0, FILE.subarray(0, 120_000));
    expect([first.statusCode, first.body]).toEqual([204, '']);
    expect(first.headers['upload-offset']).toBe('120000');
    const expires = Date.parse(String(first.headers['upload-expires']));
    expect(expires).toBeGreaterThan(Date.now());
    expect(first.headers).not.toHaveProperty('etag');

    const head = await ask({ method: 'HEAD', url, headers: TUS });
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers).toMatchObject({
      'upload-offset': '120000',
      'upload-length': String(FILE.length),
      'upload-metadata': metadata(hex(FILE)),
      'cache-control': 'no-store',
    });

    const last = await patch(url, 120_000, FILE.subarray(120_000));
    expect(last.statusCode, last.body).toBe(204);
    expect(last.headers).toMatchObject({ 'upload-offset': String(FILE.length), etag: '"1"' });
    expect(last.headers['fleetwave-position']).toBe(await bench.store.head());
    expect(last.headers).not.toHaveProperty('upload-expires');
    expect((await bench.artifact(id)).files).toMatchObject([
      { name: 'tcm.bin', sha256: hex(FILE), by: 'ada' },
    ]);

    const repeated = await patch(url, 200_000, FILE.subarray(200_000));
    expect([repeated.statusCode, repeated.headers['upload-offset'], repeated.headers['etag']]).toEqual([
      204,
      String(FILE.length),
      '"1"',
    ]);
    expect(await bench.events(id)).toEqual(['ArtifactRegistered', 'FileStored']);
  });

  it('goes on in another process, and finds an upload again by what is declared', async () => {
    const { id, uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    await patch(url, 0, FILE.subarray(0, 70_000));
    const head = await ask({ method: 'HEAD', url, headers: TUS }, two);
    expect(head.headers['upload-offset']).toBe('70000');
    const again = await create(uploads);
    expect([again.headers['location'], again.headers['upload-offset']]).toEqual([url, '70000']);
    const listed = await ask({ method: 'GET', url: uploads }, two);
    expect(listed.json().items).toMatchObject([{ fileName: 'tcm.bin', offset: 70_000, artifactId: id }]);
    const headers = { ...OCTETS, 'upload-offset': '70000' };
    const rest = { method: 'PATCH', url, headers, payload: FILE.subarray(70_000) };
    expect((await ask(rest, two)).statusCode).toBe(204);
    expect((await ask({ method: 'GET', url: uploads })).json().items).toEqual([]);
  });

  it('ends when it is told to', async () => {
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    await patch(url, 0, FILE.subarray(0, 70_000));
    const ended = await ask({ method: 'DELETE', url, headers: TUS });
    expect([ended.statusCode, ended.body, ended.headers['tus-resumable']]).toEqual([204, '', '1.0.0']);
    expect((await ask({ method: 'HEAD', url, headers: TUS })).statusCode).toBe(404);
    expect(problemOf(await ask({ method: 'GET', url }))).toBe('upload-not-found');
  });
});

describe('refusals', () => {
  const cases: readonly [number, string, (url: string, uploads: string) => ReturnType<typeof ask>][] = [
    [412, 'tus-version', (_url, uploads) => create(uploads, FILE, { 'tus-resumable': '0.2.2' })],
    [412, 'tus-version', (url) => patch(url, 0, FILE, { 'tus-resumable': '2.0.0' })],
    [412, 'tus-version', (url) => ask({ method: 'DELETE', url })],
    [400, 'invalid-header', (_url, uploads) => create(uploads, FILE, { 'upload-length': 'many' })],
    [400, 'invalid-header', (_url, uploads) => create(uploads, FILE, { 'upload-defer-length': '1' })],
    [400, 'invalid-header', (_url, uploads) => create(uploads, FILE, { 'upload-metadata': 'filename !' })],
    [
      400,
      'invalid-header',
      (_url, uploads) => create(uploads, FILE, { 'upload-metadata': `filename ${base64('../x')}` }),
    ],
    [
      400,
      'invalid-header',
      (_url, uploads) => create(uploads, FILE, { 'upload-metadata': `filename ${base64('x.bin')}` }),
    ],
    [
      400,
      'invalid-request',
      (_url, uploads) =>
        ask({
          method: 'POST',
          url: uploads,
          headers: { ...OCTETS, 'upload-length': '4', 'upload-metadata': metadata(hex(FILE)) },
          payload: Buffer.from('four'),
        }),
    ],
    [413, 'body-too-large', (_url, uploads) => create(uploads, FILE, { 'upload-length': String(MAX + 1) })],
    [413, 'body-too-large', (url) => patch(url, 0, Buffer.alloc(FILE.length + 1))],
    [404, 'artifact-not-found', (_url, uploads) => create(uploads.replace(/1\.0\.\d+/, '9.9.9'))],
    [400, 'invalid-header', (url) => patch(url, 0, FILE, { 'upload-offset': '-1' })],
    [409, 'offset-mismatch', (url) => patch(url, 5, FILE.subarray(5))],
    [
      415,
      'unsupported-media-type',
      (url) => patch(url, 0, FILE, { 'content-type': 'application/octet-stream' }),
    ],
    [404, 'upload-not-found', (url) => patch(`${url.slice(0, -4)}0000`, 0, FILE)],
    [400, 'invalid-request', (_url, uploads) => ask({ method: 'HEAD', url: `${uploads}/x`, headers: TUS })],
    [422, 'digest-mismatch', (url) => patch(url, 0, Buffer.alloc(FILE.length))],
  ];
  it.each(cases)('%d %s', async (status, code, run) => {
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    const answer = await run(url, uploads);
    expect(answer.statusCode, answer.body).toBe(status);
    expect(answer.headers['tus-resumable']).toBe('1.0.0');
    if (status === 412) expect(answer.headers['tus-version']).toBe('1.0.0');
    if (answer.body !== '') expect(problemOf(answer)).toBe(code);
  });

  it('403 for another person’s upload, and for who may not upload', async () => {
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    const eve = await one.keyOf('eve', 'developer');
    const headers = { ...OCTETS, 'upload-offset': '0' };
    const theirs = await ask({ method: 'PATCH', url, headers, payload: FILE, key: eve });
    expect([theirs.statusCode, problemOf(theirs)]).toEqual([403, 'not-your-upload']);
    const val = await one.keyOf('val', 'validator');
    const role = await ask({ method: 'PATCH', url, headers, payload: FILE, key: val });
    expect([role.statusCode, problemOf(role), role.headers['tus-resumable']]).toEqual([
      403,
      'missing-role',
      '1.0.0',
    ]);
  });

  it('a session must show that the write comes from our page', async () => {
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    const signedIn = await ask({ method: 'POST', url: '/v1/session' });
    const cookie = String(signedIn.headers['set-cookie']).split(';', 1)[0] ?? '';
    const send = (more: Record<string, string>) =>
      fetch(origin + url, {
        method: 'PATCH',
        headers: { ...OCTETS, 'upload-offset': '0', cookie, ...more },
        body: FILE,
      });
    const refused = await send({});
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('cross-site')]);
    expect((await send({ 'fleetwave-session': '1' })).status).toBe(204);
  });

  it('410 when it has expired', async () => {
    const clock = { now: Date.now() };
    const late = await startHarness({}, () => ({
      uploads: bench.uploads({ now: () => clock.now, valid_s: 60 }),
      head: () => bench.store.head(),
    }));
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    const ada = await late.keyOf('ada', 'developer');
    const look = () => late.call({ method: 'GET', url, key: ada });
    expect((await look()).statusCode).toBe(200);
    clock.now += 600_000;
    const answer = await look();
    expect([answer.statusCode, problemOf(answer)]).toEqual([410, 'upload-expired']);
    await late.close();
  });
});

describe('a connection that breaks', () => {
  it('costs nothing of what came before', async () => {
    const { id, uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    await new Promise<void>((resolve) => {
      const sending = httpRequest(origin + url, {
        method: 'PATCH',
        headers: {
          ...OCTETS,
          authorization: `Bearer ${key}`,
          'upload-offset': '0',
          'content-length': FILE.length,
        },
      });
      sending.on('error', () => resolve());
      // Gone once a whole piece has been taken in.
      sending.write(FILE.subarray(0, 130_000), async () => {
        const stands = async () => Number((await ask({ method: 'GET', url })).json().offset);
        while ((await stands()) < 2 * PIECE) await new Promise((next) => setTimeout(next, 10));
        sending.destroy();
      });
    });
    await expect.poll(async () => (await ask({ method: 'GET', url })).json().offset).toBe(130_000);
    expect((await patch(url, 130_000, FILE.subarray(130_000))).statusCode).toBe(204);
    expect((await bench.artifact(id)).files).toMatchObject([{ sha256: hex(FILE) }]);
  });
});

describe('a server that shuts down', () => {
  it('keeps what came, says so, and does not wait for the rest', async () => {
    const ending = await startHarness({ closeTimeout_ms: 60_000 }, () => ({
      uploads: bench.uploads({ pieceBytes: PIECE }),
      head: () => bench.store.head(),
    }));
    const ada = await ending.keyOf('ada', 'developer');
    const endingOrigin = await listening(ending);
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    const headers = { ...OCTETS, authorization: `Bearer ${ada}`, 'upload-offset': '0' };
    const status = new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(endingOrigin + url, {
        method: 'PATCH',
        headers: { ...headers, 'content-length': FILE.length },
      });
      sending.on('error', reject).on('response', ({ statusCode }) => resolve(statusCode));
      sending.write(FILE.subarray(0, 130_000));
    });
    const stands = async () => Number((await ask({ method: 'GET', url })).json().offset);
    await expect.poll(stands).toBe(2 * PIECE);
    await ending.close();
    expect(await status).toBe(503);
    expect(await stands()).toBe(130_000);
  });
});

describe('tus-js-client', () => {
  const options = (more: Partial<UploadOptions>): UploadOptions => ({
    headers: { authorization: `Bearer ${key}` },
    metadata: { filename: 'tcm.bin', sha256: hex(FILE) },
    retryDelays: [0, 10, 50, 100],
    ...more,
  });
  const run = (more: Partial<UploadOptions>, bytes = FILE) =>
    new Promise<void>((resolve, reject) => {
      const ends = { onSuccess: () => resolve(), onError: reject };
      new Upload(bytes, options({ ...more, ...ends })).start();
    });

  it('uploads a file', async () => {
    const { id, uploads } = await artifact();
    await run({ endpoint: origin + uploads });
    expect((await bench.artifact(id)).files).toMatchObject([{ name: 'tcm.bin', sha256: hex(FILE) }]);
  });

  it('uploads it in chunks, and an empty one', async () => {
    const { id, uploads } = await artifact();
    const sent: number[] = [];
    await run({
      endpoint: origin + uploads,
      chunkSize: 60_000,
      onChunkComplete: (_size, accepted) => sent.push(accepted),
    });
    expect(sent).toEqual([60_000, 120_000, 180_000, FILE.length]);
    const empty = await artifact();
    const nothing = Buffer.alloc(0);
    await run(
      { endpoint: origin + empty.uploads, metadata: { filename: 'empty', sha256: hex(nothing) } },
      nothing,
    );
    expect((await bench.artifact(id)).files).toHaveLength(1);
    expect((await bench.artifact(empty.id)).files).toMatchObject([{ name: 'empty', size: 0 }]);
  });

  it('pauses, and goes on in another process where it stopped', async () => {
    const { id, uploads } = await artifact();
    const url = await new Promise<string>((resolve, reject) => {
      const upload: Upload = new Upload(
        FILE,
        options({
          endpoint: origin + uploads,
          chunkSize: 60_000,
          onError: reject,
          onChunkComplete: (_size, accepted) => {
            if (accepted !== 120_000) return;
            void upload.abort().then(() => resolve(upload.url ?? ''));
          },
        }),
      );
      upload.start();
    });
    const sent: number[] = [];
    await run({
      uploadUrl: url.replace(origin, otherOrigin),
      headers: { authorization: `Bearer ${otherKey}` },
      onProgress: (bytes) => sent.push(bytes),
    });
    expect(Math.min(...sent)).toBeGreaterThanOrEqual(120_000);
    expect((await bench.artifact(id)).files).toMatchObject([{ sha256: hex(FILE) }]);
  });

  it('goes on by itself when it is told that it is at a wrong offset', async () => {
    const { id, uploads } = await artifact();
    // Begun before: the client knows nothing of it, sends from 0, is refused, asks, and goes on.
    const url = String((await create(uploads)).headers['location']);
    await patch(url, 0, FILE.subarray(0, 100_000));
    await run({ endpoint: origin + uploads });
    expect((await bench.artifact(id)).files).toMatchObject([{ sha256: hex(FILE) }]);
  });

  it('terminates, and hands on why it was refused', async () => {
    const { uploads } = await artifact();
    const url = String((await create(uploads)).headers['location']);
    await Upload.terminate(origin + url, options({}));
    expect((await ask({ method: 'GET', url })).statusCode).toBe(404);
    const wrong = run({
      endpoint: origin + uploads,
      metadata: { filename: 'tcm.bin', sha256: 'f'.repeat(64) },
    });
    const failure = await wrong.then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DetailedError);
    expect((failure as DetailedError).originalResponse?.getBody()).toContain('digest-mismatch');
  });
});

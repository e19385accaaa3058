import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobStoreError } from '../../src/adapters/artifact-store/blob-store-error.ts';
import { CONTENT_SHA256 } from './support/fake-services.ts';
import { type Harness, startHarness } from './support/harness.ts';

const LINK = 'https://store.example/content/x?signature=y';
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const get = (headers: Record<string, string> = {}, sha256 = CONTENT_SHA256) =>
  harness.call({
    method: 'GET',
    url: `/content/${sha256}`,
    headers: { authorization: 'Bearer good', ...headers },
    key: null,
  });

describe('content', () => {
  it('comes whole, immutable and with the digest as ETag', async () => {
    const answer = await get();
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('0123456789');
    expect(answer.headers).toMatchObject({
      etag: `"${CONTENT_SHA256}"`,
      'accept-ranges': 'bytes',
      'content-length': '10',
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=5-500', '56789', 'bytes 5-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
  ])('of range %s is %s', async (range, body, contentRange) => {
    const answer = await get({ range });
    expect(answer.statusCode).toBe(206);
    expect(answer.body).toBe(body);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  it.each(['bytes=10-', 'bytes=500-600', 'bytes=-0'])('of range %s is a 416 with the size', async (range) => {
    const answer = await get({ range });
    expect(answer.statusCode).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */10');
    expect(answer.json().type).toBe('urn:fleetwave:problem:range-not-satisfiable');
  });

  it.each(['lines=1-2', 'bytes=5-2', 'bytes=0-1,4-5', 'bytes=-', 'nonsense'])(
    'ignores the range %s, as RFC 9110 says',
    async (range) => {
      expect((await get({ range })).statusCode).toBe(200);
    },
  );

  it('gives the whole when If-Range names another version', async () => {
    expect((await get({ range: 'bytes=0-3', 'if-range': '"other"' })).statusCode).toBe(200);
    expect((await get({ range: 'bytes=0-3', 'if-range': `"${CONTENT_SHA256}"` })).statusCode).toBe(206);
  });

  it('needs a token that covers it; an API key is none', async () => {
    expect((await get({ authorization: 'Bearer bad' })).json().type).toMatch(/token-invalid$/);
    expect((await get({}, 'a'.repeat(64))).statusCode).toBe(401);
    const key = await harness.keyOf('ada', 'admin');
    expect((await get({ authorization: `Bearer ${key}` })).statusCode).toBe(401);
  });
});

describe('content that the store gives out itself', () => {
  let linked: Harness;
  beforeAll(async () => {
    linked = await startHarness({}, ({ artifacts }) => ({
      artifacts: {
        ...artifacts,
        openContent: async (token, sha256) => {
          const opened = await artifacts.openContent(token, sha256);
          return opened.ok ? { ...opened, link: LINK } : opened;
        },
      },
    }));
  });
  afterAll(() => linked.close());
  const ask = (headers: Record<string, string>) =>
    linked.call({ method: 'GET', url: `/content/${CONTENT_SHA256}`, headers, key: null });

  it.each([{}, { range: 'bytes=3-' }, { range: 'bytes=500-' }])(
    'is a redirect that nobody may keep, whatever range is asked for (%j)',
    async (range) => {
      const answer = await ask({ authorization: 'Bearer good', ...range });
      expect(answer.statusCode).toBe(307);
      expect(answer.body).toBe('');
      expect(answer.headers).toMatchObject({ location: LINK, 'cache-control': 'private, no-store' });
      expect(answer.headers['etag']).toBeUndefined();
    },
  );

  it('needs a token all the same', async () => {
    const answer = await ask({ authorization: 'Bearer bad' });
    expect([answer.statusCode, answer.headers.location]).toEqual([401, undefined]);
    expect((await ask({})).statusCode).toBe(401);
  });
});

describe('for caches in front', () => {
  it('content varies with nothing that was sent along: not the token, not the encodings', async () => {
    const answer = await get({ 'accept-encoding': 'gzip, br' });
    expect(answer.headers['vary']).toBeUndefined();
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['content-encoding']).toBeUndefined();
  });

  it('what is no content is not kept', async () => {
    expect((await get({ authorization: 'Bearer bad' })).headers['cache-control']).toBe('no-store');
    expect((await get({ range: 'bytes=10-' })).headers['cache-control']).toBe('no-store');
  });

  it.each([10, 2_000_000])(
    'nor is a failure of the store, found when %d bytes were to be sent',
    async (size) => {
      const failing = await startHarness({}, ({ artifacts }) => ({
        artifacts: {
          ...artifacts,
          openContent: async () => ({ ok: true, size }),
          readContent: () => ({
            [Symbol.asyncIterator]: () => ({
              next: () => Promise.reject(new BlobStoreError('unreachable', 'no answer')),
            }),
          }),
        },
      }));
      const answer = await failing.call({
        method: 'GET',
        url: `/content/${CONTENT_SHA256}`,
        headers: { authorization: 'Bearer good', range: 'bytes=0-' },
        key: null,
      });
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers).not.toHaveProperty('etag');
      expect(answer.headers).not.toHaveProperty('content-range');
      await failing.close();
    },
  );
});

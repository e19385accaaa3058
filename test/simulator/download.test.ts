import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CHUNK_BYTES, nonceOf } from '../../src/protocol/content-format.ts';
import { openContent } from '../../src/simulator/content-opener.ts';
import { type DownloadFate, download } from '../../src/simulator/download.ts';
import { createAgents } from '../../src/simulator/http-get.ts';
import { createRandom } from '../../src/simulator/random.ts';

const FILE_ID = '018f0000-0000-7000-8000-00000000000f';
const key = randomBytes(32);
const plain = randomBytes(3 * CHUNK_BYTES + 100);
const sealed = Buffer.concat(
  Array.from({ length: 4 }, (_, i) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(i, i === 3));
    cipher.setAAD(Buffer.from(FILE_ID));
    const chunk = plain.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }),
);
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const servers: Server[] = [];
const agents = createAgents(4);
afterEach(() => {
  agents.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves the file with ranges, as S3 does. `refuse` answers 403 to so many requests first. */
async function store(refuse = 0) {
  const asked: IncomingMessage[] = [];
  const origin = await listen((request, response) => {
    asked.push(request);
    if (asked.length <= refuse) return response.writeHead(403).end('<Code>AccessDenied</Code>');
    const { range } = request.headers;
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const part = { 'content-range': `bytes ${from}-${sealed.length - 1}/${sealed.length}` };
    response.writeHead(range === undefined ? 200 : 206, range === undefined ? {} : part);
    return response.end(sealed.subarray(from));
  });
  return { origin, asked, ranges: () => asked.map(({ headers }) => headers.range ?? 'all') };
}

/** Sends everyone with the token to `place`, each time by another link. */
async function api(place: () => string) {
  const asked: IncomingMessage[] = [];
  const origin = await listen((request, response) => {
    asked.push(request);
    if (request.headers.authorization !== 'Bearer secret') return response.writeHead(401).end();
    return response.writeHead(307, { location: `${place()}?signature=${asked.length}` }).end('see there');
  });
  return { origin, asked };
}

function fetchFrom(origin: string, breaksOff = 0, token = 'secret') {
  const opener = openContent({ fileId: FILE_ID, key: key.toString('base64'), size: sealed.length });
  const expected = { name: 'image.bin', size: plain.length, sha256: digest(plain) };
  const file = {
    artifactId: 'tcm@1.0.0',
    name: 'image.bin',
    fileId: FILE_ID,
    key: key.toString('base64'),
    ciphertext: { sha256: digest(sealed), size: sealed.length },
  };
  const fate: DownloadFate = { breaksOff, random: createRandom(3), onPiece: () => undefined };
  const wanted = { opener, url: `${origin}/content/x`, token, sealed: file, expected };
  return download(wanted, fate, agents, new AbortController().signal);
}

describe('a download that is redirected', () => {
  it('is fetched from the other host, which never sees the token', async () => {
    const there = await store();
    const here = await api(() => `${there.origin}/blob`);
    expect(await fetchFrom(here.origin)).toEqual({ ok: true });
    expect(there.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(there.asked[0]?.url).toBe('/blob?signature=1');
  });

  it('goes on where it broke off, by a new link and with a range', async () => {
    const there = await store();
    const here = await api(() => `${there.origin}/blob`);
    expect(await fetchFrom(here.origin, 2)).toEqual({ ok: true });
    expect(there.ranges()).toEqual(['all', expect.stringMatching(/^bytes=\d+-$/), expect.anything()]);
    expect(here.asked.map(({ headers }) => headers.range)).toEqual(
      there.asked.map(({ headers }) => headers.range),
    );
    expect(new Set(there.asked.map(({ url }) => url)).size).toBe(3);
  });

  it('asks for another link when the store refuses one, since that may have expired', async () => {
    const there = await store(2);
    const here = await api(() => `${there.origin}/blob`);
    expect(await fetchFrom(here.origin)).toEqual({ ok: true });
    expect(here.asked).toHaveLength(3);
  });

  it('tells the token to its own server again when it is sent back there', async () => {
    const there = await store();
    const tokens: (string | undefined)[] = [];
    const home = await listen((request, response) => {
      tokens.push(request.headers.authorization);
      if (request.url === '/content/x') return response.writeHead(302, { location: '/moved' }).end();
      return response.writeHead(302, { location: `${there.origin}/blob` }).end();
    });
    expect(await fetchFrom(home)).toEqual({ ok: true });
    expect(tokens).toEqual(['Bearer secret', 'Bearer secret']);
    expect(there.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('is refused when its own server does not take the token', async () => {
    const here = await api(() => 'http://127.0.0.1:1/never');
    expect(await fetchFrom(here.origin, 0, 'wrong')).toEqual({
      ok: false,
      code: 'refused',
      detail: 'HTTP 401',
    });
  });
});

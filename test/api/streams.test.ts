import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExportedEvent } from '../../src/api/services.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
let key: string;
let port: number;
let exported = 0;

const event = (n: number): ExportedEvent => ({
  id: `e${n}`,
  stream: 'campaign-c1',
  revision: n,
  position: String(n).padStart(8, '0'),
  type: 'CampaignResumed',
  schemaVersion: 1,
  time: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'person', id: 'ada' },
  causationId: null,
  correlationId: 'x',
  data: { text: 'y'.repeat(500) },
});

async function* batches(): AsyncGenerator<readonly ExportedEvent[]> {
  for (exported = 0; exported < 2000; exported++)
    yield Array.from({ length: 50 }, (_, n) => event(exported * 50 + n));
}

beforeEach(async () => {
  harness = await startHarness({ live: { minInterval_ms: 20, heartbeat_ms: 40, maxClients: 2 } }, (base) => ({
    campaigns: { ...base.campaigns, events: async (id) => (id === 'c1' ? batches() : null) },
  }));
  key = await harness.keyOf('ada', 'analyst');
  harness.reader.put('campaigns', { id: 'c1', title: 'C', state: 'running', position: '0001' });
  progress(0, '0001');
  await harness.app.listen({ port: 0, host: '127.0.0.1' });
  port = (harness.app.server.address() as { port: number }).port;
});
afterEach(() => harness.close());

function progress(succeeded: number, position: string): void {
  const byPhase = { waiting: 10 - succeeded, succeeded };
  const groups = { A3: byPhase };
  harness.reader.put('progress', {
    id: 'c1',
    position,
    byPhase,
    waves: [{ wave: 1, byPhase }],
    failureCodes: {},
    byModel: groups,
    byRegion: groups,
    byModelRegion: groups,
  });
}

async function get(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const sent = httpRequest({ port, path, headers: { authorization: `Bearer ${key}`, ...headers } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

/** Reads until the text received so far satisfies the condition. */
async function readUntil(response: IncomingMessage, done: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (done(text)) break;
  }
  return text;
}

describe('live progress', () => {
  it('sends the present, then each change once, with ids, retry and heartbeats', async () => {
    const live = await get('/v1/campaigns/c1/live');
    expect(live.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(live.headers['cache-control']).toBe('no-store');
    expect(await readUntil(live, (text) => text.includes('"succeeded":0'))).toMatch(
      /^retry: 2000\n\nid: 0001\nevent: progress\ndata: \{.*\}\n\n/,
    );
    progress(4, '0002');
    harness.moved();
    const changed = await readUntil(live, (text) => text.includes('0002'));
    expect(JSON.parse(/data: (.*)/.exec(changed)?.[1] ?? '')).toMatchObject({
      campaignId: 'c1',
      state: 'running',
      targets: 10,
      succeeded: 4,
      pending: 6,
      percent: 40,
    });
    harness.moved();
    const quiet = await readUntil(live, (text) => text.split(': heartbeat').length > 3);
    expect(quiet).not.toContain('event: progress');
    live.destroy();
  });

  it('coalesces a burst of changes into its newest', async () => {
    const live = await get('/v1/campaigns/c1/live');
    await readUntil(live, (text) => text.includes('id: 0001'));
    await sleep(60);
    for (let n = 2; n <= 9; n++) {
      progress(n, `000${n}`);
      harness.moved();
    }
    const text = await readUntil(live, (received) => received.includes('id: 0009'));
    expect(text.match(/^id:/gm)).toHaveLength(1);
    live.destroy();
  });

  it('resumes by Last-Event-ID without sending again what is known', async () => {
    const live = await get('/v1/campaigns/c1/live', { 'last-event-id': '0001' });
    const text = await readUntil(live, (received) => received.includes('heartbeat'));
    expect(text).not.toContain('event: progress');
    live.destroy();
  });

  it('ends when its key is revoked', async () => {
    const other = await harness.keyOf('leaving', 'analyst');
    const [mine, theirs] = [
      await get('/v1/campaigns/c1/live'),
      await get('/v1/campaigns/c1/live', { authorization: `Bearer ${other}` }),
    ];
    await harness.call({ method: 'DELETE', url: `/v1/access/keys/${other.split('_')[1]}` });
    await readUntil(theirs, () => false);
    expect(theirs.complete).toBe(true);
    const text = await readUntil(mine, (received) => received.split(': heartbeat').length > 3);
    expect(text).toContain('id: 0001');
    mine.destroy();
  });

  it('ends when its session does', async () => {
    const signIn = await harness.call({ method: 'POST', url: '/v1/session' });
    const cookie = String(signIn.headers['set-cookie']).split(';')[0] ?? '';
    const live = await get('/v1/campaigns/c1/live', { authorization: '', cookie });
    expect(live.statusCode).toBe(200);
    const headers = { cookie, 'fleetwave-session': '1' };
    await harness.call({ method: 'DELETE', url: '/v1/session', key: null, headers });
    await readUntil(live, () => false);
    expect(live.complete).toBe(true);
  });

  it('refuses more clients than the limit, and frees a place when one goes', async () => {
    const [first, second] = [await get('/v1/campaigns/c1/live'), await get('/v1/campaigns/c1/live')];
    const third = await get('/v1/campaigns/c1/live');
    expect(third.statusCode).toBe(503);
    expect(third.headers['retry-after']).toBe('2');
    third.resume();
    first.destroy();
    await expect.poll(async () => (await get('/v1/campaigns/c1/live')).statusCode).toBe(200);
    second.destroy();
  });

  it('frees the place of a client that goes while its first frame is being read', async () => {
    const { reader } = harness;
    const read = reader.get.bind(reader);
    const reading = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    reader.get = async (collection, id) => {
      if (collection === 'progress') {
        reading.resolve();
        await gone.promise;
      }
      return read(collection, id);
    };
    const headers = { authorization: `Bearer ${key}` };
    const leaving = [0, 1].map(() => httpRequest({ port, path: '/v1/campaigns/c1/live', headers }).end());
    for (const sent of leaving) sent.on('error', () => undefined);
    await reading.promise;
    await sleep(50);
    for (const sent of leaving) sent.destroy();
    await sleep(50);
    gone.resolve();
    await sleep(50);
    const [first, second] = [await get('/v1/campaigns/c1/live'), await get('/v1/campaigns/c1/live')];
    expect([first.statusCode, second.statusCode]).toEqual([200, 200]);
    first.destroy();
    second.destroy();
  });

  it('of an unknown campaign is a 404', async () => {
    const live = await get('/v1/campaigns/none/live');
    expect(live.statusCode).toBe(404);
    live.resume();
  });

  it('ends when the server closes, and the close does not wait for clients', async () => {
    const live = await get('/v1/campaigns/c1/live');
    const ended = once(live.resume(), 'end');
    await harness.app.close();
    await ended;
  });
});

describe('the event export', () => {
  it('gives every event in order, one per line', async () => {
    const response = await get('/v1/campaigns/c1/events');
    expect(response.headers['content-type']).toBe('application/x-ndjson');
    let next = 0;
    const text = await readUntil(response, () => false);
    for (const line of text.trimEnd().split('\n'))
      expect((JSON.parse(line) as ExportedEvent).id).toBe(`e${next++}`);
    expect(next).toBe(100_000);
  });

  it('is not read faster than the client takes it', async () => {
    const response = await get('/v1/campaigns/c1/events');
    response.pause();
    await sleep(300);
    expect(exported).toBeLessThan(1500);
    response.destroy();
  });
});

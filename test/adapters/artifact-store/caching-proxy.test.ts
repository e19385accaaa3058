/** A cache in front of the API, or of S3 itself: a hundred vehicles, one read at the origin. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectBlobStore } from '../../../src/adapters/artifact-store/object-blob-store.ts';
import { openS3BlobStore, parseS3Url } from '../../../src/adapters/artifact-store/s3/s3-blob-store.ts';
import type { ContentDelivery } from '../../../src/app/artifacts/content-access.ts';
import { createGrantBuilder } from '../../../src/app/artifacts/grant-builder.ts';
import { openContent } from '../../../src/simulator/content-opener.ts';
import { download } from '../../../src/simulator/download.ts';
import { createAgents } from '../../../src/simulator/http-get.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import { startHarness } from '../../api/support/harness.ts';
import { sha256Of } from '../../app/artifacts/bytes.ts';
import { by, good, ID, openWorkbench, type Workbench } from '../../app/artifacts/workbench.ts';
import { engine, serverDirectory } from '../../support/engines.ts';
import { type CachingProxy, startCachingProxy } from '../../support/nginx.ts';

const VEHICLES = 100;
const SLICE = 256 * 1024;
const image = randomBytes(1_200_000);

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

interface World {
  readonly bench: Workbench;
  readonly store: ObjectBlobStore;
  /** Port of the API. */
  readonly api: number;
  /** Requests for content that the API has answered. */
  readonly asked: () => number;
}

/** The API with an artifact in S3. `publicEndpoint` is where vehicles reach S3. */
async function startWorld(contentDelivery: ContentDelivery, publicEndpoint?: string): Promise<World> {
  const settings = { ...parseS3Url((await engine('s3')).url), prefix: `${randomUUID()}/` };
  const store = await openS3BlobStore(
    { ...settings, ...(publicEndpoint !== undefined && { publicEndpoint }) },
    { log: () => undefined },
  );
  const bench = await openWorkbench({ blobs: store, contentDelivery });
  await bench.register();
  await bench.upload(image);
  await bench.service.validate(ID, good, by('val'));
  await bench.service.release(ID, [], by('val'));
  let asked = 0;
  // A hundred vehicles decrypt in this very process: its event loop says nothing about the API's.
  const protection = { maxEventLoopDelay_ms: 0 };
  const harness = await startHarness({ protection }, ({ artifacts }) => ({
    artifacts: {
      ...artifacts,
      openContent: (token, sha256) => {
        asked++;
        return bench.service.openContent(token, sha256);
      },
      readContent: bench.service.readContent,
    },
  }));
  await harness.app.listen({ port: 0, host: '127.0.0.1' });
  ends.push(
    () => store.close(),
    () => bench.dispose(),
    () => harness.close(),
  );
  const { port } = harness.app.server.address() as AddressInfo;
  return { bench, store, api: port, asked: () => asked };
}

/** As vehicles do it: each with a token of its own, every third breaks off once and goes on with a range. */
async function downloadAll({ bench }: World, contentBase: string): Promise<void> {
  const grants = await createGrantBuilder({
    ...bench.deps,
    store: bench.store,
    contentBase: () => contentBase,
    valid_s: 600,
    now: () => bench.clock.now,
  }).build(
    Array.from({ length: VEHICLES }, (_, i) => ({ vehicleId: `V${i}`, campaignId: 'c1', artifacts: [ID] })),
  );
  expect(new Set(grants.map((grant) => grant?.token)).size).toBe(VEHICLES);
  const agents = createAgents(VEHICLES);
  ends.push(() => agents.destroy());
  const expected = { name: 'image.bin', size: image.length, sha256: sha256Of(image) };
  const results = await Promise.all(
    grants.map((grant, i) => {
      const sealed = grant?.files[0];
      if (grant == null || sealed === undefined) throw new Error('no grant');
      const { fileId, key, ciphertext } = sealed;
      const opener = openContent({ fileId, key, size: ciphertext.size });
      const url = `${grant.contentBase}/content/${ciphertext.sha256}`;
      const fate = { breaksOff: i % 3 === 0 ? 1 : 0, random: createRandom(i), onPiece: () => undefined };
      const wanted = { opener, url, token: grant.token, sealed, expected };
      return download(wanted, fate, agents, new AbortController().signal);
    }),
  );
  expect(results).toEqual(results.map(() => ({ ok: true })));
}

const sealedSize = async ({ bench }: World): Promise<number> =>
  (await bench.artifact()).files[0]?.ciphertext.size ?? 0;
const proxy = async (
  options: Omit<Parameters<typeof startCachingProxy>[0], 'directory'>,
): Promise<CachingProxy> => {
  const started = await startCachingProxy({ ...options, directory: serverDirectory('nginx') });
  ends.push(() => started.stop());
  return started;
};

describe('a caching proxy in front of the API', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld('proxy');
  });
  /** How often the API was asked for content meanwhile. */
  const askedBy = async (work: Promise<void>): Promise<number> => {
    const before = world.asked();
    await work;
    return world.asked() - before;
  };

  it('that keeps content whole reads it once for a hundred vehicles, though every token is another', async () => {
    const cache = await proxy({ origin: world.api });
    expect(await askedBy(downloadAll(world, cache.url))).toBe(1);
    expect(world.store.stats()['reads']).toBeGreaterThan(0);
    expect(cache.statuses()['MISS']).toBe(1);
  });

  it('that keeps it in slices reads each slice once', async () => {
    const cache = await proxy({ origin: world.api, slice: SLICE });
    expect(await askedBy(downloadAll(world, cache.url))).toBe(Math.ceil((await sealedSize(world)) / SLICE));
  });

  it('keeps no refusal: after one without the right, the next with it gets the content', async () => {
    const cache = await proxy({ origin: world.api });
    const sha256 = (await world.bench.artifact()).files[0]?.ciphertext.sha256 ?? '';
    const refused = await fetch(`${cache.url}/content/${sha256}`, {
      headers: { authorization: 'Bearer x.y' },
    });
    expect(refused.status).toBe(401);
    await downloadAll(world, cache.url);
  });
});

describe('a caching proxy in front of S3', () => {
  it('reads each blob once for a hundred vehicles that are sent there by presigned links', async () => {
    const { url } = await engine('s3');
    const endpoint = new URL(parseS3Url(url).endpoint ?? '');
    const cache = await proxy({ origin: Number(endpoint.port), key: '$request_uri' });
    const world = await startWorld('presigned', cache.url);
    await downloadAll(world, `http://127.0.0.1:${world.api}`);
    expect(world.asked()).toBeGreaterThanOrEqual(VEHICLES);
    // All links given within two and a half minutes are the same; the clock may step into the next in between.
    expect([1, 2]).toContain(cache.statuses()['MISS']);
    expect(world.store.stats()).toMatchObject({ links: world.asked() });
  });
});

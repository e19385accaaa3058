/** B2: one HTTP command, from bytes to a durable event and the answer, against a fastify that only parses JSON. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { systemClock } from '../src/adapters/clock/system-clock.ts';
import { openSqliteEventStore } from '../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { buildServer } from '../src/api/server.ts';
import type { ApiServices } from '../src/api/services.ts';
import { startAccess } from '../src/app/access/access-service.ts';
import type { Runtime } from '../src/app/handle-command.ts';
import { createIdSource } from '../src/app/new-id.ts';
import { vinIdentity } from '../src/app/vehicles/identity.ts';
import { createVehicleService } from '../src/app/vehicles/vehicle-service.ts';
import { startBareFastify } from './baselines/bare-fastify.ts';
import { defineBenchmark, median } from './benchmark.ts';
import { type Load, runLoad } from './support/http-load.ts';

const body = JSON.stringify({
  brand: 'Aurora',
  model: 'A3',
  variant: 'touring',
  region: 'DE',
  timeZone: 'Europe/Berlin',
  tags: ['pilot'],
  buildDate: '2025-03-01',
  ecus: ['TCM', 'ADAS', 'BMS'].map((type) => ({
    type,
    serial: `${type}-{n}`,
    hardware: { part: `${type}-100`, version: '1.0' },
    components: [{ name: 'main', softwareVersion: '2.0.0' }],
  })),
});
/** As long as the answer of a command. */
const answer = {
  id: 'WFW00000000000001',
  revision: 2,
  position: '0000000000000000123456789',
  changed: true,
  events: ['VehicleRegistered', 'VehicleDescribed', 'InventoryReported'],
};

/** Stands for services that this benchmark never calls. */
const unused = <T extends object>(name: string): T =>
  new Proxy({} as T, {
    get: () => {
      throw new Error(`${name} is not part of this benchmark`);
    },
  });

interface Running {
  readonly port: number;
  readonly key: string;
  close(): Promise<void>;
}

async function startServer(directory: string): Promise<Running> {
  const store = await openSqliteEventStore({ path: join(directory, 'log.db') });
  const runtime: Runtime = {
    store,
    now: () => Date.now(),
    newId: createIdSource(Date.now),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  };
  const access = await startAccess(runtime, (error) => {
    throw error;
  });
  const services: ApiServices = {
    artifacts: unused('artifacts'),
    // Closing the server ends the uploads that are under way.
    uploads: { interrupt: () => undefined } as Partial<ApiServices['uploads']> as ApiServices['uploads'],
    campaigns: unused('campaigns'),
    fleet: unused('fleet'),
    targeting: unused('targeting'),
    reader: unused('reader'),
    log: unused('log'),
    evidence: unused('evidence'),
    presence: unused('presence'),
    signingKeys: unused('signingKeys'),
    vehicles: createVehicleService({
      runtime,
      identity: vinIdentity,
      fleetSecrets: unused('fleetSecrets'),
      releasedArtifacts: () => Promise.resolve([]),
    }),
    access,
    sessions: unused('sessions'),
    clock: systemClock,
    metrics: new Registry(),
    head: () => store.head(),
    waitForPosition: async () => true,
    onReadModelsMoved: () => () => undefined,
    readiness: async () => ({ ready: true, checks: [] }),
  };
  const protection = { requestsPerMinute: Number.MAX_SAFE_INTEGER, maxEventLoopDelay_ms: 60_000 };
  const app = await buildServer(services, { protection });
  const actor = { kind: 'system', id: 'bench' } as const;
  const { key } = await access.addKey('bench', ['operator'], { actor, source: 'bench' });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    port: portOf(app),
    key,
    close: async () => {
      await app.close();
      await access.stop();
      await store.close();
    },
  };
}

const portOf = (app: FastifyInstance): number => (app.server.address() as { port: number }).port;

export const benchmark = defineBenchmark({
  title: 'HTTP command, durable',
  options: {
    requests: { description: 'commands in all', default: 60_000 },
    connections: { description: 'connections, one request under way on each', default: 64 },
    slices: { description: 'turns that server and baseline take', default: 6 },
  },
  async run({ requests, connections, slices }, progress) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b2-'));
    const server = await startServer(directory);
    const bare = await startBareFastify(answer);
    const each = Math.ceil(requests / slices);
    const loadOf = (port: number, first: number, count = each): Load => ({
      port,
      method: 'PUT',
      path: '/v1/vehicles/WFW{n}',
      headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
      body,
      connections,
      requests: count,
      first,
    });
    try {
      const warm = Math.ceil(each / 2);
      await runLoad(loadOf(server.port, 0, warm));
      await runLoad(loadOf(bare.port, 0, warm));
      const [ours, theirs, ratios]: [number[], number[], number[]] = [[], [], []];
      const p99: number[] = [];
      for (let slice = 0; slice < slices; slice++) {
        const mine = await runLoad(loadOf(server.port, warm + slice * each));
        const base = await runLoad(loadOf(bare.port, warm + slice * each));
        ours.push(each / mine.seconds);
        theirs.push(each / base.seconds);
        ratios.push(base.seconds / mine.seconds);
        p99.push(mine.p99_ms);
        progress(`${Math.round(each / mine.seconds)}/s, bare ${Math.round(each / base.seconds)}/s`);
      }
      return {
        figures: [
          { name: 'durable commands', value: median(ours), unit: 'requests/s' },
          { name: 'bare fastify PUT', value: median(theirs), unit: 'requests/s' },
          { name: 'durable command p99', value: median(p99), unit: 'ms' },
        ],
        ratios: [{ name: 'durable command / bare fastify', value: median(ratios), goal: 0.6 }],
        notes: [
          'Registers vehicles with three ECUs (3 events each), every answer after its fsync; medians of the turns.',
          'Both run in this process; the load comes from a thread of it and shares the cores.',
        ],
      };
    } finally {
      await server.close();
      await bare.app.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

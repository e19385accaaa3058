/** The API on the real services and read models (logs and documents in memory): one campaign's way to its start. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { keyRingOf } from '../../src/adapters/keys/file/key-ring.ts';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { campaignExample } from '../../src/api/routes/campaigns.ts';
import { vehicleExample } from '../../src/api/routes/vehicles.ts';
import { buildServer } from '../../src/api/server.ts';
import { startAccess } from '../../src/app/access/access-service.ts';
import { createSessions } from '../../src/app/access/session.ts';
import { createCampaignService } from '../../src/app/campaigns/campaign-service.ts';
import { createPlanner } from '../../src/app/campaigns/planner.ts';
import { createEvidenceService } from '../../src/app/evidence/evidence-service.ts';
import { createFleetService } from '../../src/app/fleet/fleet-service.ts';
import type { Position, TargetSelector } from '../../src/app/ports.ts';
import { startProjector } from '../../src/app/projector.ts';
import { vinIdentity } from '../../src/app/vehicles/identity.ts';
import { createVehicleService } from '../../src/app/vehicles/vehicle-service.ts';
import type { Role } from '../../src/domain/access/events.ts';
import { projections } from '../../src/projections/all.ts';
import { openWorkbench } from '../app/artifacts/workbench.ts';
import { runtimeOn, signerForTests } from './support/harness.ts';

const VIN = 'WVWZZZ1JZXW000001';
const ARTIFACT = 'tcm-firmware@2.1.0';
const bytes = randomBytes(200_000);

/** Selects the one vehicle that there is. */
const selector: TargetSelector = {
  select: async () => ({
    ok: true,
    selection: {
      lastEventId: null,
      slices: [
        {
          brand: 'Aurora',
          model: 'A3',
          variant: '',
          region: 'DE',
          timeZone: 'Europe/Berlin',
          hardware: '1',
          software: '2',
        },
      ],
      rows: rows(),
      matched: 1,
      incompatible: 0,
      reasons: [],
    },
  }),
};
async function* rows() {
  yield [{ vehicleId: VIN, revision: 2, slice: 0 }];
}

async function start() {
  const store = createMemoryEventStore();
  const runtime = runtimeOn(store);
  const bench = await openWorkbench({ runtime });
  const reader = createMemoryReadModel();
  const listeners = new Set<() => void>();
  const fail = (error: unknown) => {
    throw error;
  };
  const projector = await startProjector({
    log: store,
    writer: reader,
    projections,
    onError: fail,
    onMoved: () => {
      for (const listener of listeners) listener();
    },
  });
  const access = await startAccess(runtime, fail);
  const planner = createPlanner(runtime, { selector, clock: systemClock, log: () => undefined });
  await planner.start();
  const app = await buildServer(
    {
      artifacts: bench.service,
      uploads: bench.uploads(),
      vehicles: createVehicleService({
        runtime,
        identity: vinIdentity,
        fleetSecrets: keyRingOf(randomBytes(32).toString('base64'), 'test'),
        releasedArtifacts: async () => [],
      }),
      campaigns: createCampaignService(runtime, { clock: systemClock, haltTimeout_ms: 50 }),
      fleet: createFleetService(runtime, { clock: systemClock, haltTimeout_ms: 50 }),
      targeting: {
        preview: async () => ({ ok: true, matched: 1, compatible: 1, reasons: [], facets: {} }),
        listsWith: async () => [],
        putList: async () => ({ ok: true, vehicles: 0 }),
      },
      access,
      sessions: createSessions(
        keyRingOf(randomBytes(32).toString('base64'), 'test'),
        () => Date.now(),
        randomUUID,
      ),
      signingKeys: { keys: async () => [] },
      reader,
      log: store,
      evidence: createEvidenceService({ store, signer: signerForTests(), clock: systemClock }),
      presence: { onlineCount: () => 1, isOnline: () => true, active: () => [VIN] },
      clock: systemClock,
      metrics: new Registry(),
      head: () => store.head(),
      waitForPosition: (position, timeout_ms) =>
        reached(() => projector.position(), listeners, position, timeout_ms),
      onReadModelsMoved: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      readiness: async () => ({ ready: true, checks: [] }),
    },
    { checkAnswers: true },
  );
  const close = async () => {
    await app.close();
    await planner.stop();
    await projector.stop();
    await access.stop();
    await store.close();
    await bench.dispose();
  };
  return { app, store, access, close };
}

function reached(
  position: () => Position,
  listeners: Set<() => void>,
  wanted: Position,
  timeout_ms: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (found: boolean) => {
      clearTimeout(timer);
      listeners.delete(look);
      resolve(found);
    };
    const look = () => {
      if (position() >= wanted) done(true);
    };
    const timer = setTimeout(() => done(false), timeout_ms);
    listeners.add(look);
    look();
  });
}

let server: Awaited<ReturnType<typeof start>>;
let app: FastifyInstance;
const keys = new Map<string, string>();
beforeAll(async () => {
  server = await start();
  app = server.app;
  const persons: [string, Role[]][] = [
    ['ada', ['developer', 'planner', 'operator']],
    ['bob', ['validator', 'approver', 'admin']],
  ];
  const actor = { kind: 'system', id: 'test' } as const;
  for (const [person, roles] of persons)
    keys.set(person, (await server.access.addKey(person, roles, { actor, source: 'test' })).key);
});
afterAll(() => server.close());

let position = '';
async function as(person: string, options: InjectOptions) {
  const headers = { authorization: `Bearer ${keys.get(person)}`, 'fleetwave-min-position': position };
  const answer = await app.inject({ ...options, headers: { ...headers, ...options.headers } });
  position = String(answer.headers['fleetwave-position'] ?? position);
  return answer;
}
const post = (person: string, url: string, payload: object = {}) =>
  as(person, { method: 'POST', url, payload });
const get = async (url: string) => {
  const answer = await as('ada', { method: 'GET', url });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
};

describe('a campaign over HTTP', () => {
  it('registers a vehicle and reads it back by VIN, with its history', async () => {
    const put = await as('ada', { method: 'PUT', url: `/v1/vehicles/${VIN}`, payload: vehicleExample });
    expect(put.statusCode, put.body).toBe(201);
    expect(await get(`/v1/vehicles/${VIN}`)).toMatchObject({
      id: VIN,
      vin: VIN,
      model: 'A3',
      revision: 2,
      online: true,
    });
    expect((await get(`/v1/vehicles/${VIN}/inventory-history`)).items).toHaveLength(1);
    expect((await get('/v1/vehicles?region=DE&decommissioned=false')).items).toHaveLength(1);
    const byEnd = async (query: string) => (await get(`/v1/vehicles?vinEnd=${query}`)).items;
    expect(await byEnd('000001')).toMatchObject([{ id: VIN, model: 'A3' }]);
    expect(await byEnd('xw000001&region=DE')).toHaveLength(1);
    expect(await byEnd('1XW000001')).toHaveLength(0);
    expect(await byEnd('000001&region=FR')).toHaveLength(0);
    const short = await as('ada', { method: 'GET', url: '/v1/vehicles?vinEnd=00001' });
    expect(short.json()).toMatchObject({ status: 400, errors: [{ path: '/query/vinEnd' }] });
    expect(await get('/v1/fleet/status')).toMatchObject({
      vehicles: 1,
      active: 1,
      activeBy: { byModel: { A3: 1 } },
    });
  });

  it('issues a credential, and gives it again in bulk', async () => {
    const issued = await post('ada', `/v1/vehicles/${VIN}/issue-credential`);
    expect(issued.statusCode, issued.body).toBe(200);
    const { credential } = issued.json();
    const bulk = await post('ada', '/v1/vehicles/credentials', { vehicleIds: [VIN] });
    expect(bulk.json().credentials).toEqual([credential]);
    expect(JSON.stringify(await get(`/v1/vehicles/${VIN}`))).not.toContain(credential.password);
  });

  it('registers, uploads, validates and releases an artifact, by two persons', async () => {
    const { kind, target, releaseType } = {
      kind: 'firmware',
      target: { ecuType: 'TCM', component: 'main' },
      releaseType: 'routine',
    };
    const url = `/v1/artifacts/${ARTIFACT}`;
    const registered = await as('ada', { method: 'PUT', url, payload: { kind, target, releaseType } });
    expect(registered.statusCode, registered.body).toBe(201);
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    const headers = { 'content-type': 'application/octet-stream', 'content-digest': `sha-256=:${sha256}:` };
    const upload = { method: 'PUT', url: `${url}/files/tcm.bin`, headers, payload: bytes } as const;
    expect((await as('ada', upload)).json()).toMatchObject({ changed: true, events: ['FileStored'] });
    const before = await server.store.head();
    const wrong = await as('ada', { ...upload, url: `${url}/files/other.bin`, payload: bytes.subarray(1) });
    expect(wrong.statusCode).toBe(422);
    expect(await server.store.head()).toBe(before);
    const report = { tool: 'bench 1', toolVerdict: 'passed' };
    const own = await post('ada', `${url}/validate`, report);
    expect(own.statusCode).toBe(403);
    expect((await post('bob', `${url}/validate`, report)).json()).toMatchObject({
      events: ['ArtifactValidated'],
    });
    const released = await post('bob', `${url}/release`);
    expect(released.statusCode, released.body).toBe(200);
    const artifact = await get(url);
    expect(artifact).toMatchObject({ state: 'released', files: [{ name: 'tcm.bin', size: bytes.length }] });
    expect(JSON.stringify(artifact)).not.toContain('wrappedKey');
    expect((await get('/v1/artifact-names/tcm-firmware/versions')).versions).toHaveLength(1);
  });

  it('plans, approves and starts the campaign, with the errors on the way', async () => {
    const url = '/v1/campaigns/c1';
    const created = await as('ada', { method: 'PUT', url, payload: campaignExample });
    expect(created.statusCode, created.body).toBe(201);
    const typo = await post('ada', `${url}/define-targeting`, { query: 'model==' });
    expect(typo.json()).toMatchObject({
      type: 'urn:fleetwave:problem:invalid-query',
      details: { position: 7 },
      errors: [{ path: '/query' }],
    });
    const early = await post('ada', `${url}/start`);
    expect(early.statusCode).toBe(409);
    const defined = await post('ada', `${url}/define-targeting`, { query: 'model==A3' });
    expect(defined.statusCode, defined.body).toBe(200);
    expect(defined.json()).toMatchObject({
      frozen: true,
      campaign: { state: 'targets-frozen', targets: { targets: 1 } },
    });
    const { planDigest } = await get(url);
    const other = await post('bob', `${url}/approve`, { planDigest: 'ab'.repeat(32) });
    expect(other.json()).toMatchObject({
      type: 'urn:fleetwave:problem:plan-changed',
      details: { planDigest },
    });
    const approved = await post('bob', `${url}/approve`, { note: 'looked', planDigest });
    expect(approved.statusCode, approved.body).toBe(200);
    // A plan alone is nothing that a vehicle waits for.
    expect((await get('/v1/fleet/status')).byAssignment).toEqual({ none: 1 });
    expect((await post('ada', `${url}/start`)).json()).toMatchObject({
      events: expect.arrayContaining(['CampaignStarted']),
    });
    expect(await get(url)).toMatchObject({ state: 'running', waves: [{ name: 'pilot' }, { name: 'all' }] });
    expect((await get('/v1/fleet/status')).byAssignment).toEqual({ waiting: 1 });
    expect(await get(`${url}/progress`)).toMatchObject({
      state: 'running',
      targets: 1,
      pending: 1,
      percent: 0,
      byModel: { A3: { targets: 1 } },
    });
    expect((await get(`${url}/assignments?phase=waiting`)).items).toMatchObject([
      { vehicleId: VIN, wave: 1 },
    ]);
    expect((await get(`${url}/history`)).items[0]).toMatchObject({
      type: 'CampaignCreated',
      actor: { id: 'ada' },
    });
    expect(await get(`/v1/vehicles/${VIN}/explain?campaign=c1`)).toMatchObject({
      targeted: true,
      now: { matchesQuery: true },
    });
  });

  it('stops the fleet with 202 where no shard worker confirms, resumes nothing, and lifts', async () => {
    const stop = await post('ada', '/v1/fleet/emergency-stop', { reason: 'fire' });
    expect(stop.statusCode, stop.body).toBe(202);
    expect(stop.json()).toMatchObject({
      id: 'fleet',
      events: ['EmergencyStopped'],
      active: true,
      halted: false,
      missing: [{ campaignId: 'c1', shards: [expect.any(Number)] }],
    });
    expect((await get('/v1/fleet/status')).emergencyStop).toEqual({
      active: true,
      reason: 'fire',
      since: expect.stringMatching(/Z$/),
    });
    await post('ada', '/v1/campaigns/c1/pause', { reason: 'a look' });
    const resumed = await post('ada', '/v1/campaigns/c1/resume', { reason: 'go on' });
    expect(resumed.statusCode).toBe(409);
    expect(resumed.json().type).toBe('urn:fleetwave:problem:emergency-stop');
    expect((await post('ada', '/v1/fleet/emergency-lift', { reason: 'out' })).statusCode).toBe(403);
    const lift = await post('bob', '/v1/fleet/emergency-lift', { reason: 'out' });
    expect(lift.statusCode, lift.body).toBe(200);
    expect((await get('/v1/fleet/status')).emergencyStop).toEqual({
      active: false,
      reason: null,
      since: null,
    });
    expect((await post('ada', '/v1/campaigns/c1/resume', { reason: 'go on' })).statusCode).toBe(200);
  });

  it('pauses with 202 where no shard worker confirms, and exports every event in order', async () => {
    const paused = await post('ada', '/v1/campaigns/c1/pause', { reason: 'a look' });
    expect(paused.statusCode, paused.body).toBe(202);
    expect(paused.json().missingShards).toHaveLength(1);
    const { body } = await as('ada', { method: 'GET', url: '/v1/campaigns/c1/events' });
    const events = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.at(-1).type).toBe('CampaignPaused');
    expect(new Set(events.map((event) => event.stream.split('-')[0]))).toEqual(
      new Set(['campaign', 'targets']),
    );
    const positions = events.map((event) => event.position);
    expect(positions).toEqual([...positions].sort());
  });
});

/** The API on a memory log, a read model in maps and services small enough to see what the API hands on. */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { Registry } from 'prom-client';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { keyRingOf } from '../../../src/adapters/keys/file/key-ring.ts';
import { createKeyWrapper } from '../../../src/adapters/keys/file/key-wrapper.ts';
import { createEd25519Signer } from '../../../src/adapters/signing/ed25519/signer.ts';
import { buildServer, type ServerOptions } from '../../../src/api/server.ts';
import type { ApiServices } from '../../../src/api/services.ts';
import { type RunningAccess, startAccess } from '../../../src/app/access/access-service.ts';
import { createSessions } from '../../../src/app/access/session.ts';
import { createResumableUploads } from '../../../src/app/artifacts/resumable-uploads.ts';
import { createEvidenceService } from '../../../src/app/evidence/evidence-service.ts';
import { createFleetService } from '../../../src/app/fleet/fleet-service.ts';
import type { Runtime } from '../../../src/app/handle-command.ts';
import type { EventStore, RecordedEvent } from '../../../src/app/ports.ts';
import type { Role } from '../../../src/domain/access/events.ts';
import { createMemoryStaging } from '../../app/artifacts/memory-staging.ts';
import { FakeReader } from './fake-reader.ts';
import { fakeArtifacts, fakeCampaigns, fakeTargeting, fakeVehicles } from './fake-services.ts';

export interface Harness {
  readonly app: FastifyInstance;
  readonly store: EventStore;
  readonly reader: FakeReader;
  readonly services: ApiServices;
  readonly access: RunningAccess;
  /** Called by the read model when it moves. */
  readonly moved: () => void;
  keyOf(person: string, ...roles: Role[]): Promise<string>;
  /** Requests with a JSON body as a person with every role, unless a key is given. */
  call(options: InjectOptions & { readonly key?: string | null }): Promise<LightMyRequestResponse>;
  /** Events in the log beyond those of the access stream. */
  written(): Promise<readonly RecordedEvent[]>;
  accessEvents(): Promise<readonly RecordedEvent[]>;
  close(): Promise<void>;
}

const SECRET = { id: 's1', key: new Uint8Array(32).fill(7) };

export const signerForTests = () =>
  createEd25519Signer(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );

export const runtimeOn = (store: EventStore): Runtime => ({
  store,
  now: () => Date.now(),
  newId: randomUUID,
  digest: (text) => createHash('sha256').update(text).digest('hex'),
});

export async function startHarness(
  options: ServerOptions = {},
  change: (services: ApiServices) => Partial<ApiServices> = () => ({}),
): Promise<Harness> {
  const store = createMemoryEventStore();
  const runtime = runtimeOn(store);
  const reader = new FakeReader();
  const listeners = new Set<() => void>();
  const access = await startAccess(runtime, (error) => {
    throw error;
  });
  const artifacts = fakeArtifacts(runtime);
  const base: ApiServices = {
    artifacts,
    uploads: createResumableUploads({
      ...runtime,
      artifacts,
      staging: createMemoryStaging(),
      wrapper: createKeyWrapper(keyRingOf(Buffer.alloc(32, 7).toString('base64'), 'test')),
      log: () => undefined,
      maxFileBytes: 1_000_000,
      valid_s: 3600,
    }),
    vehicles: fakeVehicles(runtime),
    campaigns: fakeCampaigns(runtime),
    fleet: createFleetService(runtime, { clock: systemClock, haltTimeout_ms: 50 }),
    targeting: fakeTargeting(),
    access,
    sessions: createSessions(
      { current: SECRET, get: (id) => (id === SECRET.id ? SECRET : null) },
      () => Date.now(),
      randomUUID,
    ),
    signingKeys: { keys: async () => [] },
    reader,
    log: store,
    evidence: createEvidenceService({ store, signer: signerForTests(), clock: systemClock }),
    presence: { onlineCount: () => 0, isOnline: () => false, active: () => [] },
    clock: systemClock,
    metrics: new Registry(),
    head: () => store.head(),
    waitForPosition: async (position) => reader.position >= position,
    onReadModelsMoved: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    readiness: async () => ({ ready: true, checks: [] }),
  };
  const services = { ...base, ...change(base) };
  // A busy machine that runs tests is no server under pressure.
  const protection = { maxEventLoopDelay_ms: 60_000, ...options.protection };
  const app = await buildServer(services, { checkAnswers: true, ...options, protection });
  const all = await keyFor(access, 'root', [
    'admin',
    'developer',
    'validator',
    'planner',
    'approver',
    'operator',
    'analyst',
  ]);
  return {
    app,
    store,
    reader,
    services,
    access,
    moved: () => {
      for (const listener of listeners) listener();
    },
    keyOf: (person, ...roles) => keyFor(access, person, roles),
    call: ({ key = all, ...rest }) =>
      app.inject({
        ...rest,
        headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...rest.headers },
      }),
    written: async () => (await allEvents(store)).filter((event) => event.stream !== 'access'),
    accessEvents: async () => (await allEvents(store)).filter((event) => event.stream === 'access'),
    close: async () => {
      await app.close();
      await access.stop();
      await store.close();
    },
  };
}

async function keyFor(access: RunningAccess, person: string, roles: readonly Role[]): Promise<string> {
  const actor = { kind: 'system', id: 'test' } as const;
  return (await access.addKey(person, roles, { actor, source: 'test' })).key;
}

async function allEvents(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of store.readAll()) events.push(...batch.events);
  return events;
}

/** The read models of the service, folded from one log into MongoDB and into SQLite: the same text, byte by byte. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMongoReader } from '../../../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { openMongoReadModel } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { openSqliteReadModel } from '../../../../src/adapters/read-model/sqlite/sqlite-writer.ts';
import type { Projection, ReadModelReader, ReadModelWriter } from '../../../../src/app/ports.ts';
import { checkpointName, rebuildProjection, startProjector } from '../../../../src/app/projector.ts';
import type { RolloutEvent } from '../../../../src/domain/rollout/events.ts';
import { shardOf } from '../../../../src/domain/shared/shard.ts';
import { rolloutStream, targetsStream, vehicleStream } from '../../../../src/domain/shared/streams.ts';
import { projections } from '../../../../src/projections/all.ts';
import { Given, TIME } from '../../../projections/fold.ts';
import { freshDatabase, servers } from './databases.ts';

const VEHICLES = 60;
const PLANS = ['00000000-0000-4000-8000-0000000000aa', '00000000-0000-4000-8000-0000000000bb'];
/** Names as they come: of the kinds that a document store could take for something else. */
const MODELS = ['Q4 e-tron', '$model', 'A.3', 'constructor', '__proto__', 'Ünïcode 😀', '10'];
const idOf = (n: number): string => `VEH${String(n).padStart(14, '0')}`;
const modelOf = (n: number): string => MODELS[n % MODELS.length] ?? '';

/** Described vehicles, targets frozen twice (so that documents are deleted), and some updates with their outcomes. */
async function givenLog(): Promise<Given> {
  const given = new Given();
  for (let n = 0; n < VEHICLES; n++) await appendVehicle(given, idOf(n), modelOf(n));
  for (const planId of PLANS) {
    await given.append('campaign-spring', {
      type: 'TargetingDefined',
      data: { campaignId: 'spring', planId, query: 'vehicle==*', by: 'ada' },
    });
    for (let n = planId === PLANS[0] ? 0 : 20; n < VEHICLES; n++) await appendTarget(given, n, planId);
  }
  for (let n = 20; n < VEHICLES; n++) await appendUpdate(given, n);
  return given;
}

async function appendVehicle(given: Given, vehicleId: string, model: string): Promise<void> {
  const rest = {
    brand: 'B.$',
    variant: '',
    region: 'DE',
    timeZone: 'UTC',
    tags: ['x', 'a.b'],
    buildDate: null,
  };
  await given.append(
    vehicleStream(vehicleId),
    { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId, description: { ...rest, model } } },
  );
}

/** One list per vehicle and shard, written anew by the next of the same shard: targets go with their lists. */
async function appendTarget(given: Given, n: number, planId: string): Promise<void> {
  const vehicleId = idOf(n);
  const shard = shardOf(vehicleId);
  const slice = { brand: 'B', model: modelOf(n), variant: '', region: 'a.b', timeZone: 'UTC' };
  const slices = [{ ...slice, hardware: '5Q0.035.842', software: '1.0.0' }];
  await given.append(
    targetsStream('spring', shard),
    { type: 'TargetsOpened', data: { campaignId: 'spring', shard, planId, lastEventId: null } },
    {
      type: 'TargetsListed',
      data: { campaignId: 'spring', shard, planId, slices, targets: [[vehicleId, 1 + (n % 2), n, 0, 0]] },
    },
    {
      type: 'TargetsClosed',
      data: { campaignId: 'spring', shard, planId, targets: 1, digest: 'a'.repeat(64) },
    },
  );
}

async function appendUpdate(given: Given, n: number): Promise<void> {
  const vehicleId = idOf(n);
  const report = { epoch: { tcu: 'T', reset: 0 }, seq: 2 ** 31 + n, sentAt: null };
  const moved = { vehicleId, wave: 1 + (n % 2), slice: 0, attempt: 1, offer: 1, report, receivedAt: TIME };
  const failed: RolloutEvent = {
    type: 'UpdateFailed',
    data: {
      ...moved,
      from: 'waiting',
      to: 'failed',
      code: `$E.${n % 3}`,
      message: '',
      ecus: [],
      notBefore: null,
    },
  };
  await given.append(rolloutStream('spring', shardOf(vehicleId)), failed);
}

async function dump(model: ReadModelReader, { collections }: Projection): Promise<string[]> {
  const lines: string[] = [];
  for (const collection of collections)
    for await (const document of model.dump(collection.name))
      lines.push(`${collection.name} ${JSON.stringify(document)}`);
  return lines;
}

describe.each(servers)('read models of the service on $name', (server) => {
  let directory: string;
  let sqlite: ReadModelWriter;
  let url: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'fleetwave-read-model-'));
    sqlite = openSqliteReadModel(join(directory, 'read-models.sqlite'));
    url = freshDatabase(await server.url());
  });
  afterEach(async () => {
    await sqlite.close();
    rmSync(directory, { recursive: true });
  });

  it('are the same in MongoDB and in SQLite, folded live in small batches and rebuilt as a whole', async () => {
    const given = await givenLog();
    const log = given.store;
    for (const projection of projections) await rebuildProjection({ log, writer: sqlite }, projection);
    const errors: unknown[] = [];
    const mongo = await openMongoReadModel({ url, log: () => {} });
    const reader = await openMongoReader({ url, log: () => {}, pointer_ms: 0 });
    const same = async (): Promise<void> => {
      for (const projection of projections) {
        expect(await reader.checkpoint(checkpointName(projection))).not.toBe('');
        expect(await dump(reader, projection)).toEqual(await dump(sqlite, projection));
      }
    };
    const projector = await startProjector({
      log: {
        readAll: log.readAll.bind(log),
        head: log.head.bind(log),
        subscribe: (options) => log.subscribe({ ...options, batchSize: 37 }),
      },
      writer: mongo,
      projections,
      onError: (error) => errors.push(error),
    });
    const head = await log.head();
    await expect
      .poll(() => errors.length > 0 || projector.position() >= head, { timeout: 60_000 })
      .toBe(true);
    await projector.stop();
    expect(errors).toEqual([]);
    await same();
    for (const projection of projections) await rebuildProjection({ log, writer: mongo }, projection);
    await same();
    await reader.close();
    await mongo.close();
  }, 120_000);
});

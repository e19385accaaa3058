import { describe, expect, it } from 'vitest';
import { type ImportResult, importVehicles, type VehicleInput } from '../../../src/app/vehicles/import.ts';
import { createWorld, envelope, input, pseudonyms, tcm, vinOf } from './world.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => input(from + i));
const codes = (results: readonly ImportResult[]) =>
  results.map((result) => (result.ok ? 'ok' : result.rejection.code));

describe('a batch of vehicles', () => {
  it('is registered in one call of the store', async () => {
    let calls = 0;
    const { service, typesOf } = createWorld({
      store: {
        beforeAppend: () => {
          calls += 1;
        },
      },
    });
    const results = await service.importRows(range(0, 500), envelope);
    expect(results.every((result) => result.ok)).toBe(true);
    expect(results[7]).toEqual({ ok: true, vehicleId: vinOf(7) });
    expect(calls).toBe(1);
    expect(await typesOf(vinOf(7))).toEqual(['VehicleRegistered', 'VehicleDescribed', 'InventoryReported']);
  });

  it('judges each row for itself', async () => {
    const { service, typesOf } = createWorld();
    const rows: VehicleInput[] = [
      input(1),
      { ...input(2), vin: 'WFWZZZ8P0RAOOOOOO' },
      input(3, { timeZone: 'Mars/Olympus' }),
      { ...input(4), ecus: [tcm(), tcm()] },
      input(5),
    ];
    expect(codes(await service.importRows(rows, envelope))).toEqual([
      'ok',
      'invalid-vin',
      'invalid-time-zone',
      'duplicate-ecu',
      'ok',
    ]);
    expect(await typesOf(vinOf(5))).toHaveLength(3);
    expect(await typesOf(vinOf(3))).toEqual([]);
  });

  it('may be sent again: what is there with the same data is accepted', async () => {
    const { service, store } = createWorld({ identity: pseudonyms() });
    await service.importRows(range(0, 20), envelope);
    const head = await store.head();
    expect(codes(await service.importRows(range(0, 20), envelope))).toEqual(Array(20).fill('ok'));
    expect(await store.head()).toBe(head);
  });

  it('refuses a vehicle that is there with other data, also one from the same batch', async () => {
    const { service } = createWorld();
    await service.importRows([input(1)], envelope);
    const rows = [input(1, { model: 'X9' }), input(2), input(2), input(2, { model: 'X9' })];
    expect(codes(await service.importRows(rows, envelope))).toEqual([
      'vehicle-exists',
      'ok',
      'ok',
      'vehicle-exists',
    ]);
  });

  it('refuses a decommissioned vehicle', async () => {
    const { service } = createWorld();
    await service.importRows([input(1)], envelope);
    await service.execute(vinOf(1), { type: 'DecommissionVehicle', reason: 'scrapped' }, envelope);
    expect(codes(await service.importRows([input(1)], envelope))).toEqual(['vehicle-decommissioned']);
  });

  it('refuses a vehicle that does not fit into an append', async () => {
    const { service } = createWorld();
    const ecus = Array.from({ length: 200 }, (_, i) => ({
      ...tcm(),
      position: String(i),
      components: Array.from({ length: 32 }, (_, j) => ({
        name: `component-${j}`.padEnd(32, 'x'),
        part: 'p'.repeat(64),
        softwareVersion: 'v'.repeat(64),
      })),
    }));
    expect(codes(await service.importRows([{ ...input(1), ecus }, input(2)], envelope))).toEqual([
      'too-large',
      'ok',
    ]);
  });
});

describe('a stream of vehicles', () => {
  const good = (n: number) => ({ ok: true as const, line: n, input: input(n) });
  const bad = (n: number) => ({ ok: false as const, line: n });
  type TestRow = ReturnType<typeof good> | ReturnType<typeof bad>;

  async function drain<Y, R>(generator: AsyncGenerator<Y, R>): Promise<{ yielded: Y[]; returned: R }> {
    const yielded: Y[] = [];
    for (let next = await generator.next(); ; next = await generator.next()) {
      if (next.done === true) return { yielded, returned: next.value };
      yielded.push(next.value);
    }
  }

  it('yields what was rejected, in the order of the rows', async () => {
    const { service } = createWorld();
    const rows: TestRow[] = Array.from({ length: 95 }, (_, n) => (n % 10 === 3 ? bad(n) : good(n)));
    rows[50] = { ok: true, line: 50, input: { ...input(50), vin: 'x' } };
    const { yielded, returned } = await drain(
      importVehicles((batch) => service.importRows(batch, envelope), rows, { batchRows: 10 }),
    );
    expect(returned).toEqual({ accepted: 84, rejected: 11 });
    expect(yielded.map(({ row }) => row.line)).toEqual([3, 13, 23, 33, 43, 50, 53, 63, 73, 83, 93]);
    expect(yielded[5]?.rejection?.code).toBe('invalid-vin');
    expect(yielded[0]?.rejection).toBeNull();
  });

  it('has no more batches under way than it should, and reads no further meanwhile', async () => {
    let [underWay, most, read] = [0, 0, 0];
    const release: (() => void)[] = [];
    const register = async (batch: readonly VehicleInput[]): Promise<ImportResult[]> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => release.push(resolve));
      underWay -= 1;
      return batch.map(({ vin }) => ({ ok: true, vehicleId: vin }));
    };
    function* rows() {
      for (let n = 0; n < 100; n++) {
        read += 1;
        yield good(n);
      }
    }
    const all = drain(importVehicles(register, rows(), { batchRows: 10, inFlight: 3 }));
    await new Promise((resolve) => setImmediate(resolve));
    expect([underWay, read]).toEqual([3, 30]);
    for (let done = 0; done < 10; done++) {
      while (release.length === 0) await new Promise((resolve) => setImmediate(resolve));
      release.shift()?.();
    }
    expect((await all).returned).toEqual({ accepted: 100, rejected: 0 });
    expect(most).toBe(3);
  });

  it('fails when the store fails, after what is under way has ended', async () => {
    let calls = 0;
    const { service } = createWorld({
      store: {
        beforeAppend: () => {
          calls += 1;
          if (calls === 2) throw new Error('disk full');
        },
      },
    });
    const rows = Array.from({ length: 60 }, (_, n) => good(n));
    const all = drain(
      importVehicles((batch) => service.importRows(batch, envelope), rows, { batchRows: 10 }),
    );
    await expect(all).rejects.toThrow('disk full');
  });

  it('ends when nobody listens any more', async () => {
    const { service } = createWorld();
    let read = 0;
    function* rows() {
      for (;;) {
        read += 1;
        yield bad(read);
      }
    }
    const importing = importVehicles((batch) => service.importRows(batch, envelope), rows(), {
      batchRows: 5,
    });
    await importing.next();
    await importing.return({ accepted: 0, rejected: 0 });
    expect(read).toBeLessThanOrEqual(15);
  });
});

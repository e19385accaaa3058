import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, nonceOf } from '../../src/protocol/content-format.ts';
import { openContent } from '../../src/simulator/content-opener.ts';
import { CALM, fateOf } from '../../src/simulator/fate.ts';
import { checkSimulatorOptions, parseRate, parseWhole } from '../../src/simulator/options.ts';
import { createOutbox } from '../../src/simulator/outbox.ts';
import { createSemaphore } from '../../src/simulator/semaphore.ts';
import { misfit, unmet } from '../../src/simulator/verify-offer.ts';

const FILE_ID = '018f0000-0000-7000-8000-00000000000f';
const key = randomBytes(32);

function seal(plain: Buffer): Buffer {
  const chunks = Math.max(1, Math.ceil(plain.length / CHUNK_BYTES));
  const sealed = Array.from({ length: chunks }, (_, i) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(i, i === chunks - 1));
    cipher.setAAD(Buffer.from(FILE_ID));
    const part = cipher.update(plain.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    return Buffer.concat([part, cipher.final(), cipher.getAuthTag()]);
  });
  return Buffer.concat(sealed);
}
const file = (size: number) => ({ fileId: FILE_ID, key: key.toString('base64'), size });

describe('fate', () => {
  it('depends on nothing but seed, index and rates', () => {
    const rates = { ...CALM, fail: 0.3, swap: 0.3, reboot: 0.3 };
    for (let index = 0; index < 50; index++) expect(fateOf(7, index, rates)).toEqual(fateOf(7, index, rates));
    const fates = (seed: number): string =>
      JSON.stringify(Array.from({ length: 50 }, (_, i) => fateOf(seed, i, rates)));
    expect(fates(7)).not.toBe(fates(8));
  });

  it('keeps the rates: nobody at 0, everybody at 1, about the share between', () => {
    const failing = (fail: number): number =>
      Array.from({ length: 10_000 }, (_, i) => fateOf(3, i, { ...CALM, fail })).filter(
        ({ fails }) => fails !== null,
      ).length;
    expect(failing(0)).toBe(0);
    expect(failing(1)).toBe(10_000);
    expect(failing(0.03)).toBeGreaterThan(220);
    expect(failing(0.03)).toBeLessThan(380);
  });

  it('of a fleet is another one under another seed, not the same one in another order', () => {
    const failing = (seed: number): number =>
      Array.from({ length: 256 }, (_, i) => fateOf(seed, i, { ...CALM, fail: 0.5 })).filter(
        ({ fails }) => fails !== null,
      ).length;
    expect(new Set(Array.from({ length: 16 }, (_, seed) => failing(seed))).size).toBeGreaterThan(8);
  });

  it('of failing does not change with the other rates', () => {
    for (let i = 0; i < 200; i++)
      expect(fateOf(1, i, { ...CALM, fail: 0.1, swap: 1, postpone: 1 }).fails).toBe(
        fateOf(1, i, { ...CALM, fail: 0.1 }).fails,
      );
  });
});

describe('reading content', () => {
  it('gives the plaintext digest, however the bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_001),
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        (size, steps) => {
          const plain = randomBytes(size);
          const sealed = seal(plain);
          const opener = openContent(file(sealed.length));
          for (let at = 0, i = 0; at < sealed.length; i++) {
            const step = steps[i % steps.length] ?? 1;
            opener.push(sealed.subarray(at, at + step));
            at += step;
          }
          expect(opener.finish()).toEqual({ sha256: createHash('sha256').update(plain).digest('hex'), size });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('refuses any flipped byte, a moved chunk, a cut and an addition', () => {
    const sealed = seal(randomBytes(2 * CHUNK_BYTES + 10));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), (at) => {
        const flipped = Buffer.from(sealed);
        flipped[at] = (flipped[at] ?? 0) ^ 1;
        expect(() => openContent(file(sealed.length)).push(flipped)).toThrow();
      }),
      { numRuns: 30 },
    );
    const whole = CHUNK_BYTES + 16;
    const moved = Buffer.concat([sealed.subarray(whole, 2 * whole), sealed.subarray(0, whole)]);
    expect(() => openContent(file(sealed.length)).push(moved)).toThrow();
    const cut = openContent(file(2 * whole));
    expect(() => cut.push(sealed.subarray(0, 2 * whole))).toThrow();
    const short = openContent(file(sealed.length));
    short.push(sealed.subarray(0, whole));
    expect(() => short.finish()).toThrow('not complete');
    const longer = openContent(file(sealed.length));
    expect(() => longer.push(Buffer.concat([sealed, Buffer.alloc(1)]))).toThrow('more bytes');
  });

  it('refuses a size that no ciphertext has', () => {
    expect(() => openContent(file(15))).toThrow('15 bytes');
    expect(() => openContent(file(CHUNK_BYTES + 17))).toThrow();
  });
});

describe('the outbox', () => {
  it('keeps exactly what no receipt has named', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 5 })), {
          minLength: 1,
          maxLength: 5,
        }),
        (ranges) => {
          const epoch = { tcu: 'T1', reset: 0 };
          const outbox = createOutbox(epoch);
          for (let i = 0; i < 20; i++) outbox.add('feedback', 'x', null, (_, seq) => ({ seq }));
          const seqs = ranges.map(([first, more]): [number, number] => [first, first + more]);
          expect(outbox.settle({ v: 1, epoch: { tcu: 'T2', reset: 0 }, seqs })).toBe(false);
          expect(outbox.size).toBe(20);
          expect(outbox.settle({ v: 1, epoch, seqs })).toBe(true);
          const expected = Array.from({ length: 20 }, (_, i) => i + 1).filter(
            (seq) => !seqs.some(([first, last]) => seq >= first && seq <= last),
          );
          expect(outbox.seqs()).toEqual(expected);
        },
      ),
    );
  });
});

describe('a TCU checks', () => {
  const ecus = [
    {
      type: 'TCM',
      position: '',
      serial: '',
      hardware: { part: 'TCM-100', version: '1.2.0' },
      components: [{ name: 'main', part: '', softwareVersion: '1.0.0' }],
    },
  ];
  const manifest = (requirements: unknown, ecuType = 'TCM') => ({
    artifactId: 'tcm@2.0.0',
    kind: 'firmware' as const,
    version: '2.0.0',
    target: { ecuType, component: 'main' },
    files: [{ name: 'a', size: 0, sha256: '0'.repeat(64) }],
    requirements,
  });

  it('that the artifact is for an ECU on board, and its hardware', () => {
    const hardware = (part: string, versions: unknown) => ({ hardware: [{ part, versions }] });
    expect(misfit(ecus, manifest({}))).toBeNull();
    expect(misfit(ecus, manifest(hardware('TCM-100', null)))).toBeNull();
    expect(misfit(ecus, manifest(hardware('TCM-100', { range: '^1.0.0' })))).toBeNull();
    expect(misfit(ecus, manifest(hardware('TCM-100', { exact: ['1.2.0'] })))).toBeNull();
    expect(misfit(ecus, manifest(hardware('TCM-100', { range: '^2.0.0' })))?.code).toBe('wrong-hardware');
    expect(misfit(ecus, manifest(hardware('TCM-200', null)))?.code).toBe('wrong-hardware');
    expect(misfit(ecus, manifest({}, 'ADAS'))?.code).toBe('unknown-target');
    expect(misfit(ecus, manifest({ hardware: 'any' }))?.code).toBe('requirements-unreadable');
  });

  it('preconditions, and refuses names that it does not know', () => {
    const car = { 'battery-percent': 80, parked: true };
    const condition = (
      name: string,
      op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge',
      value: number | boolean,
    ) => ({
      name,
      op,
      value,
    });
    const met = [
      condition('battery-percent', 'ge', 80),
      condition('battery-percent', 'gt', 79),
      condition('battery-percent', 'le', 80),
      condition('battery-percent', 'lt', 81),
      condition('battery-percent', 'ne', 81),
      condition('parked', 'eq', true),
    ];
    expect(unmet(met, car)).toEqual([]);
    const names = unmet([condition('battery-percent', 'gt', 80), condition('moon-phase', 'eq', 1)], car);
    expect(names).toEqual(['battery-percent', 'moon-phase']);
    expect(unmet([condition('parked', 'eq', 1)], car)).toEqual(['parked']);
  });
});

describe('options', () => {
  it('say what is wrong with them', () => {
    expect(() => parseRate('--fail-rate')('2')).toThrow('--fail-rate must be a number from 0 to 1');
    expect(() => parseRate('--fail-rate')('')).toThrow('--fail-rate');
    expect(() => parseWhole('--vehicles', 1, 10)('1.5')).toThrow('whole number from 1 to 10');
    expect(() => checkSimulatorOptions({ server: 'fleet.example' })).toThrow('--server must be an address');
    expect(() => checkSimulatorOptions({ sabotage: 'drop' })).toThrow('flip or late-trigger');
  });

  it('find the broker beside the server', () => {
    expect(checkSimulatorOptions({ server: 'http://cars.example:80/' })).toMatchObject({
      server: 'http://cars.example',
      broker: { host: 'cars.example', port: 7401 },
    });
  });

  it('take an encrypted broker, with an authority from a file', () => {
    expect(checkSimulatorOptions({ mqtt: 'mqtts://cars.example' }).broker).toEqual({
      host: 'cars.example',
      port: 8883,
      tls: {},
    });
    const ca = import.meta.filename;
    expect(checkSimulatorOptions({ mqtt: 'mqtts://cars.example:1', mqttCa: ca }).broker.tls?.ca).toContain(
      'import.meta.filename',
    );
    expect(() => checkSimulatorOptions({ mqtt: 'mqtts://cars.example', mqttCa: '/nowhere' })).toThrow(
      /^--mqtt-ca: ENOENT/,
    );
    expect(() => checkSimulatorOptions({ mqtt: 'mqtt://cars.example', mqttCa: ca })).toThrow('at mqtts://');
  });
});

describe('a semaphore', () => {
  it('lets the next one in when one leaves or gives up', async () => {
    const semaphore = createSemaphore(1);
    const { signal } = new AbortController();
    const leave = await semaphore.enter(signal);
    const impatient = new AbortController();
    const second = semaphore.enter(impatient.signal);
    const third = semaphore.enter(signal);
    impatient.abort();
    await expect(second).rejects.toThrow();
    leave();
    leave();
    (await third)();
    (await semaphore.enter(signal))();
  });
});

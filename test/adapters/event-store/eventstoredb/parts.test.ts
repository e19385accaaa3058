import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  fromPosition,
  positionOfFields,
  toPosition,
} from '../../../../src/adapters/event-store/eventstoredb/all-position.ts';
import { parseTarget } from '../../../../src/adapters/event-store/eventstoredb/endpoints.ts';
import { HeadWatch } from '../../../../src/adapters/event-store/eventstoredb/head-watch.ts';
import { Lanes } from '../../../../src/adapters/event-store/eventstoredb/lanes.ts';
import { isSupported } from '../../../../src/adapters/event-store/eventstoredb/server-version.ts';
import { StreamEnds } from '../../../../src/adapters/event-store/eventstoredb/stream-ends.ts';

const field = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('a position in $all', () => {
  it('is a string in the order of commit and prepare position', async () => {
    const pair = fc.record({ commit: field, prepare: field });
    await fc.assert(
      fc.property(pair, pair, (a, b) => {
        const byNumber = a.commit === b.commit ? a.prepare < b.prepare : a.commit < b.commit;
        expect(toPosition(a) < toPosition(b)).toBe(byNumber);
        expect(fromPosition(toPosition(a))).toEqual(a);
        expect(positionOfFields(String(a.commit), String(a.prepare))).toBe(toPosition(a));
      }),
    );
  });

  it('is unknown where the server says so, and none where it is another log’s', () => {
    expect(positionOfFields('18446744073709551615', '18446744073709551615')).toBeNull();
    for (const wrong of ['000000000000000a', 'x'.repeat(32), '0'.repeat(31)])
      expect(() => fromPosition(wrong)).toThrow(/not a position of this log/);
  });
});

describe('lanes', () => {
  it('run the tasks of one name in order, and only so many of all', async () => {
    const lanes = new Lanes(3);
    const order: string[] = [];
    let most = 0;
    const task = (name: string, n: number) =>
      lanes.run(name, async () => {
        most = Math.max(most, lanes.running);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name}${n}`);
      });
    const all = ['a', 'b', 'c', 'd', 'e'].flatMap((name) => [1, 2, 3].map((n) => task(name, n)));
    await lanes.idle();
    await Promise.all(all);
    expect(most).toBe(3);
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      expect(order.filter((one) => one.startsWith(name))).toEqual([`${name}1`, `${name}2`, `${name}3`]);
    expect(lanes.running).toBe(0);
  });

  it('go on after a task that failed', async () => {
    const lanes = new Lanes(1);
    const failing = lanes.run('a', () => Promise.reject(new Error('no')));
    const next = lanes.run('a', async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
    await lanes.idle();
  });
});

describe('the ends of streams', () => {
  it('are remembered for those that were used last', () => {
    const ends = new StreamEnds(2);
    const hash = Buffer.from(Array.from({ length: 32 }, (_, n) => n * 8));
    ends.set('a', { revision: 1, hash });
    ends.set('b', { revision: 2, hash });
    expect(ends.get('a')).toEqual({ revision: 1, hash });
    ends.set('c', { revision: 3, hash });
    expect([ends.get('a')?.revision, ends.get('b'), ends.get('c')?.revision]).toEqual([1, undefined, 3]);
    expect(ends.size).toBe(2);
  });
});

describe('a connection string', () => {
  it('is not repeated where it can not be understood: it may hold a password', () => {
    for (const wrong of ['mysql://u:secret@h', 'esdb://u:secret@h:port', 'esdb://u:secret@h?tls=maybe'])
      expect(() => parseTarget(wrong)).toThrow(
        expect.objectContaining({ code: 'invalid-request', message: expect.not.stringContaining('secret') }),
      );
  });

  it('is not written to the console by its parser, which does so with options that it ignores', () => {
    const written = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    for (const [option, complaint] of [
      ['keepAlife=1', /unknown option: keepAlife$/],
      ['tls=false&tlsVerifyCert=false', /tlsVerifyCert=false is not supported/],
    ] as const)
      expect(() => parseTarget(`esdb://ada:secret@localhost:2113?${option}`)).toThrow(complaint);
    expect(parseTarget('esdb://ada:s?cret@localhost:2113?keep-alive-interval=1').keepAliveInterval_ms).toBe(
      1,
    );
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
  });

  it('gives user and password away only over TLS', () => {
    expect(parseTarget('esdb://ada:secret@localhost:2113').authorization).toBe(
      `Basic ${Buffer.from('ada:secret').toString('base64')}`,
    );
    expect(parseTarget('esdb://ada:secret@localhost:2113?tls=false').authorization).toBeNull();
  });

  it('sets the deadline, and names files that must be there', () => {
    expect(parseTarget('esdb://h?defaultDeadline=1234').deadline_ms).toBe(1234);
    expect(() => parseTarget('esdb://h?tlsCAFile=/nowhere/ca.pem')).toThrow(
      '/nowhere/ca.pem can not be read',
    );
  });
});

describe('the version of the server', () => {
  it('must be 23.10 or later', () => {
    expect(
      ['22.10.5', '23.6.0', '23.10.0', '24.2.1', '24.10.4', '25.0.0', 'unknown'].map(isSupported),
    ).toEqual([false, false, true, true, true, true, false]);
  });
});

describe('a quiet subscription', () => {
  it('looks at the head soon after it went live, then rarely', () => {
    const watch = new HeadWatch();
    const soon = watch.patience_ms;
    expect(watch.sees(false)).toBe('fine');
    expect(watch.patience_ms).toBeGreaterThan(100 * soon);
    watch.heard(false);
    expect(watch.patience_ms).toBeGreaterThan(100 * soon);
    watch.heard(true);
    expect(watch.patience_ms).toBe(soon);
  });

  it('begins anew when twice in a row the log was ahead and nothing came', () => {
    const watch = new HeadWatch();
    expect(watch.sees(true)).toBe('fine');
    watch.heard(false);
    expect(watch.sees(true)).toBe('fine');
    expect(watch.sees(true)).toBe('stuck');
  });
});

/** `fleetwave replay` on a log of its own: the same answers as the API, without a server. */
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { pathsOf } from '../../src/config.ts';
import { id, START_MS, type Step, written } from '../projections/campaign-script.ts';
import { directory, run } from './support.ts';

const at = (second: number): string => new Date(START_MS + second * 1000).toISOString();
const one = (kind: Step['kind'], vehicle = 0, to = 6): Step => ({
  kind,
  vehicle,
  to,
  wait_ms: 1000,
  clock_ms: 0,
});

/** Vehicles 0 and 2 succeed, 1 fails, a gate decides. */
async function dataDirectory(): Promise<string> {
  const { store } = await written([
    one('freeze'),
    one('move', 0, 6),
    one('move', 1, 7),
    one('gate', 0, 1),
    one('move', 2, 6),
  ]);
  const dataDir = directory();
  const path = pathsOf(dataDir).log;
  mkdirSync(dataDir, { recursive: true });
  const log = await openSqliteEventStore({ path });
  for await (const batch of store.appends())
    for (const { stream, firstRevision, events, metadata } of batch)
      await log.append([{ stream, expectedRevision: firstRevision - 1, events, metadata }]);
  await log.close();
  return dataDir;
}

describe('fleetwave replay', () => {
  it('gives state, series and difference from the log alone', async () => {
    const dataDir = await dataDirectory();
    const replay = async (...flags: readonly string[]) => {
      const { code, out, err } = await run(['replay', id, '--data-dir', dataDir, '--json', ...flags]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      return JSON.parse(out);
    };
    const then = await replay('--as-of', at(3));
    expect(then).toMatchObject({
      at: at(3),
      progress: { succeeded: 1, failed: 1 },
      campaign: { title: 'Spring' },
    });
    expect(await replay('--position', then.position)).toEqual(then);
    const { points } = await replay('--series', '5');
    expect(points.map((point: { succeeded: number }) => point.succeeded)).toEqual([0, 0, 1, 1, 1, 2]);
    expect(await replay('--diff', '--from', at(2))).toMatchObject({
      to: { at: at(5) },
      counts: { succeeded: 1, failed: 1, pending: -2 },
      decisions: [{ type: 'GateDecided' }],
    });
  });

  it('says in words what it is, and what can not be', async () => {
    const dataDir = await dataDirectory();
    const replay = (...flags: readonly string[]) => run(['replay', id, '--data-dir', dataDir, ...flags]);
    const state = await replay();
    expect(state.out).toContain(`targets-frozen after 16 events, the last at ${at(5)}`);
    expect(state.out).toContain('wave 1 first: ');
    expect((await replay('--series', '2')).out).toContain('succeeded');
    expect((await replay('--diff')).out).toContain(`${at(4)} GateDecided by ada: because of 1`);
    for (const [flags, words] of [
      [['--as-of', at(-5)], 'There is no event of a campaign spring up to'],
      [['--as-of', 'noon'], '--as-of noon is no time'],
      [['--as-of', at(1), '--position', '1'], 'not both'],
      [['--series', '501'], 'from 1 to 500'],
      [['--diff', '--from', at(3), '--to', at(2)], '--to lies before --from'],
    ] as const)
      expect(await replay(...flags)).toMatchObject({ code: 1, err: expect.stringContaining(words) });
    const none = await run(['replay', 'none', '--diff', '--data-dir', dataDir]);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('no event of a campaign none') });
  });
});

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { openEventStoreDb } from '../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { openSqliteEventStore } from '../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import type { EventStore } from '../../src/app/ports.ts';
import { event, events, readAll, request } from '../contract/event-store/samples.ts';
import { startEventStoreDouble } from '../doubles/eventstoredb/double.ts';
import { freePorts } from '../e2e/support/stage.ts';
import { directory, launch, run } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Report {
  readonly ok: boolean;
  readonly copied: number | null;
  readonly held: number | null;
  readonly source: { readonly streams: number; readonly appends: number; readonly events: number };
  readonly target: Report['source'];
  readonly differences: readonly unknown[];
  readonly problems: { readonly source: readonly unknown[]; readonly target: readonly unknown[] };
  readonly sourceHasGrown: boolean;
}

const open = (dataDir: string): Promise<EventStore> =>
  openSqliteEventStore({ path: join(dataDir, 'log.sqlite') });

/** A log of this many appends, in streams of three. */
async function fill(dataDir: string, appends: number): Promise<void> {
  const store = await open(dataDir);
  await store.append(
    Array.from({ length: appends }, (_, n) => {
      const stream = Math.floor(n / 3);
      return request(`vehicle-${stream % 64}-${stream}`, (n % 3) * 2 - 1, events(2));
    }),
  );
  await store.close();
}

async function copy(from: string, to: string, ...more: readonly string[]) {
  const { code, out, err } = await run(['copy', '--from', from, '--to', to, '--json', ...more]);
  return { code, err, report: out === '' ? null : (JSON.parse(out) as Report) };
}

describe('fleetwave copy', () => {
  it('moves a log from SQLite to EventStoreDB and back, and both are equal to the byte', async () => {
    await using double = await disposable(startEventStoreDouble());
    const [from, back] = [directory(), directory()];
    await fill(from, 30);
    const there = await copy(`sqlite:${from}`, double.url);
    expect(there).toMatchObject({
      code: 0,
      report: { ok: true, copied: 30, held: 0, sourceHasGrown: false },
    });
    expect(there.report?.source).toEqual(there.report?.target);
    expect(there.report?.source).toMatchObject({ streams: 10, appends: 30, events: 60 });
    expect(await copy(double.url, `sqlite:${back}`)).toMatchObject({ code: 0, report: { copied: 30 } });
    expect(rows(back)).toEqual(rows(from));
  });

  it('copies into an empty place, by data directory or by file, and says so in words', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 9);
    const done = await run([
      'copy',
      '--from',
      `sqlite:${from}/log.sqlite`,
      '--to',
      `sqlite:${to}/new/copy.sqlite`,
    ]);
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toMatch(/^9 appends copied, 0 were there before\./);
    expect(done.out).toMatch(/9 appends with 18 events in 3 streams, digest [0-9a-f]{64}/);
    expect(done.out).toMatch(/Both are equal, and every chain is whole\.\n$/);
  });

  it('is killed in the middle and goes on where it was', async () => {
    const to = directory();
    const { httpPort: port } = await freePorts();
    await using double = await disposable(startEventStoreDouble({ port, directory: to }));
    const from = directory();
    await fill(from, 300);
    double.faults.delayAnswers(5);
    for (const most of [100, 200]) {
      const child = launch(['copy', '--from', `sqlite:${from}`, '--to', double.url]);
      const ended = new Promise((resolve) => child.once('close', resolve));
      while ((await appendsAt(double.url)) < most) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill('SIGKILL');
      await ended;
    }
    double.faults.clear();
    const { code, report } = await copy(`sqlite:${from}`, double.url);
    expect(code).toBe(0);
    expect(report?.held).toBeGreaterThanOrEqual(200);
    expect((report?.held ?? 0) + (report?.copied ?? 0)).toBe(300);
    expect(report?.target).toEqual(report?.source);
  });

  it('refuses a target that holds something else, and leaves it as it was', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 6);
    const other = await open(to);
    await other.append([request('deployment', -1)]);
    await other.close();
    const { code, err, report } = await copy(`sqlite:${from}`, `sqlite:${to}`);
    expect({ code, report }).toEqual({ code: 1, report: null });
    expect(err).toMatch(
      /^The target is not a beginning of the source: after 0 equal appends, the target holds deployment at revision 0 where the source has vehicle-0-0 at revision 0\. Nothing was written\./,
    );
    expect(err).not.toContain('    at ');
    const kept = await open(to);
    expect(await readAll(kept)).toHaveLength(1);
    await kept.close();
  });

  it('compares only, when asked to, and tells what differs', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 12);
    await copy(`sqlite:${from}`, `sqlite:${to}`);
    const same = await copy(`sqlite:${from}`, `sqlite:${to}`, '--verify-only');
    expect(same).toMatchObject({ code: 0, report: { ok: true, copied: null, held: null } });
    const store = await open(from);
    await store.append([request('late-1', -1)]);
    await store.close();
    const differs = await run(['copy', '--from', `sqlite:${from}`, '--to', `sqlite:${to}`, '--verify-only']);
    expect(differs.code).toBe(1);
    expect(differs.out).toMatch(/ {2}late-1 at revision 0 is missing in the target\n/);
    expect(differs.out).toMatch(/The logs differ\.\n$/);
  });

  it('finds bytes that were changed in one of them, by hashing both', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 12);
    await copy(`sqlite:${from}`, `sqlite:${to}`);
    const db = new DatabaseSync(join(to, 'log.sqlite'));
    db.exec(`UPDATE appends SET body = replace(body, '"index":1', '"index":2') WHERE position = 5`);
    db.close();
    const { code, report } = await copy(`sqlite:${from}`, `sqlite:${to}`, '--verify-only');
    expect({ code, ok: report?.ok }).toEqual({ code: 1, ok: false });
    expect(report?.problems).toMatchObject({
      source: [],
      target: [{ stream: 'vehicle-0-0', revision: 4, what: 'the hash does not match' }],
    });
  });

  it('copies beside a writer, and says that the source has grown', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 300);
    await using double = await disposable(startEventStoreDouble());
    double.faults.delayAnswers(3);
    const writer = await open(from);
    const copying = run(['copy', '--from', `sqlite:${from}`, '--to', double.url]);
    while ((await appendsAt(double.url)) < 20) await new Promise((resolve) => setTimeout(resolve, 20));
    await writer.append([request('late-1', -1)]);
    const { code, out } = await copying;
    await writer.close();
    expect({ code, out }).toMatchObject({ code: 0 });
    expect(out).toMatch(
      /The source has grown meanwhile: run this again for the rest, for the last time with the server stopped\./,
    );
    double.faults.clear();
    expect(await copy(`sqlite:${from}`, double.url)).toMatchObject({
      code: 0,
      report: { held: 300, copied: 1, sourceHasGrown: false },
    });
    expect(await copy(double.url, `sqlite:${to}`)).toMatchObject({ code: 0 });
  });

  it('will not write where a server writes, nor into its own source, nor to nowhere', async () => {
    const [from, to] = [directory(), directory()];
    await fill(from, 3);
    const server = await open(to);
    await server.append([request('a-1', -1, [event()])]);
    expect((await copy(`sqlite:${from}`, `sqlite:${to}`)).err).toMatch(/is in use: another process has/);
    await server.close();
    expect((await copy(`sqlite:${from}`, `sqlite:${from}/log.sqlite`)).err).toMatch(/are the same log/);
    expect((await copy('postgres:x', `sqlite:${to}`)).err).toMatch(
      /^--from postgres:x is no address of a log: give sqlite:<data directory or log file>, esdb:/,
    );
    expect((await copy(`sqlite:${directory()}`, `sqlite:${to}`)).err).toMatch(/^there is no event log at /);
    const { httpPort } = await freePorts();
    const refused = await copy(`sqlite:${from}`, `esdb://ada:secret@127.0.0.1:${httpPort}?tls=false`);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^--to: the event store can not be reached/m);
    expect(refused.err).not.toMatch(/secret|\n {4}at /);
  });

  it('takes the configured log, so that a password need not be on the command line', async () => {
    await using double = await disposable(startEventStoreDouble());
    const from = directory();
    await fill(from, 3);
    const settings = { FLEETWAVE_EVENT_STORE: double.url };
    expect(await run(['copy', '--from', `sqlite:${from}`, '--to', 'configured'], settings)).toMatchObject({
      code: 0,
    });
    expect(await run(['verify', '--json'], settings)).toMatchObject({
      code: 0,
      out: '{"appends":3,"streams":1,"problems":[]}\n',
    });
  });
});

/** Every append as it is stored. */
function rows(dataDir: string): unknown[] {
  const db = new DatabaseSync(join(dataDir, 'log.sqlite'), { readOnly: true });
  try {
    return db
      .prepare(
        `SELECT a.position, a.count, s.name, a.first_revision, hex(a.hash), a.metadata, a.body
         FROM appends a JOIN streams s ON s.id = a.stream_id ORDER BY a.position`,
      )
      .all();
  } finally {
    db.close();
  }
}

async function appendsAt(url: string): Promise<number> {
  const store = await openEventStoreDb({ connectionString: url, log: () => {} });
  try {
    let count = 0;
    for await (const batch of store.appends()) count += batch.length;
    return count;
  } finally {
    await store.close();
  }
}

async function disposable<T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
): Promise<T & AsyncDisposable> {
  const started = await starting;
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.stop() });
}

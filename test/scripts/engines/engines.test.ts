/** Starting and ending servers in the background: what `npm run engines` and the tests of the adapters stand on. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillOnce } from '../../../scripts/engines/cache.ts';
import { isRunning, startOf } from '../../../scripts/engines/identity.ts';
import { withLock } from '../../../scripts/engines/lock.ts';
import { launch, recorded, stopRecorded } from '../../../scripts/engines/process.ts';
import { sharedEngine, startShared, stopShared } from '../../../scripts/engines/shared.ts';
import { ask, webServer } from './web-server.ts';

const execute = promisify(execFile);
const node = (...args: string[]): Promise<{ stdout: string }> => execute(process.execPath, args);
const beside = (file: string): string => join(import.meta.dirname, file);
const reaper = join(import.meta.dirname, '../../../scripts/engines/reaper.ts');

let run: string;
let directory: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'fleetwave-engines-'));
  directory = join(run, 'web');
});
afterEach(async () => {
  await stopRecorded(directory);
  rmSync(run, { recursive: true, force: true });
});

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );

describe('a server in the background', () => {
  it('serves when its start resolves, and is gone when its stop does', async () => {
    const server = await webServer.start({ directory });
    expect(await ask(server.url)).toBe(server.pid);
    expect(recorded(directory)?.pid).toBe(server.pid);
    await server.stop();
    expect(recorded(directory)).toBeNull();
    await expect(ask(server.url)).rejects.toThrow();
  });

  it('has the same port after kill -9 and a restart', async () => {
    const first = await webServer.start({ directory });
    first.kill('SIGKILL');
    await first.stop();
    const second = await webServer.start({ directory });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url)).toBe(second.pid);
  });

  it('ends also while it is stopped by SIGSTOP', async () => {
    const server = await webServer.start({ directory });
    server.kill('SIGSTOP');
    await server.stop();
    expect(startOf(server.pid)).toBeNull();
  });

  it('is refused a second time in its directory', async () => {
    const { pid } = await webServer.start({ directory });
    expect(await failure(webServer.start({ directory }))).toContain(
      `already runs in ${directory} (pid ${pid})`,
    );
  });

  it('says why it ended, with the end of its log and no line of an earlier one', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'server.log'), 'an earlier run\n');
    const script = 'console.error("listeners: no such host"); process.exit(3)';
    const options = { name: 'web server', directory, command: process.execPath, args: ['-e', script] };
    const message = await failure(launch({ ...options, probe: () => Promise.reject(new Error('refused')) }));
    expect(message).toContain('web server ended by itself (exit code 3)');
    expect(message).toContain('listeners: no such host');
    expect(message).not.toContain('an earlier run');
  });

  it('is ended when it does not serve in time', async () => {
    const options = { name: 'web server', directory, command: process.execPath };
    const args = ['-e', 'console.log(process.pid); setInterval(() => undefined, 1000)'];
    const probe = (): Promise<never> => Promise.reject(new Error('refused'));
    expect(await failure(launch({ ...options, args, probe, withinMs: 300 }))).toContain(
      'did not serve within 300 ms: refused',
    );
    expect(startOf(Number(readFileSync(join(directory, 'server.log'), 'utf8')))).toBeNull();
  });

  it('is not mistaken for a later process with its number', () => {
    const started = startOf(process.pid) ?? '';
    expect(isRunning({ pid: process.pid, started })).toBe(true);
    expect(isRunning({ pid: process.pid, started: `${started}0` })).toBe(false);
    mkdirSync(directory);
    writeFileSync(join(directory, 'server.pid'), JSON.stringify({ pid: process.pid, started: '1' }));
    expect(recorded(directory)).toBeNull();
  });
});

describe('an engine that several processes share', () => {
  it('is started once by three processes at a time', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => node(beside('start-shared.ts'), directory)));
    expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    expect(readFileSync(join(directory, 'starts'), 'utf8').trim().split('\n')).toHaveLength(1);
    expect(sharedEngine(directory)?.pid).toBe(Number(answers[0]?.stdout));
    expect(await stopShared(directory)).toBe(true);
    expect(await stopShared(directory)).toBe(false);
  });

  it('is started again after it was killed', async () => {
    const first = await startShared(webServer, directory);
    process.kill(first.pid, 'SIGKILL');
    while (isRunning(first)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sharedEngine(directory)).toBeNull();
    const second = await startShared(webServer, directory);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second.url)).toBe(second.pid);
  });

  it('is ended, and its directory removed, when the process of the run is killed', async () => {
    const engine = await startShared(webServer, directory);
    const own = await webServer.start({ directory: join(run, 'own') });
    const parent = spawn(process.execPath, [
      '-e',
      `const { spawn } = require('node:child_process');
       const args = ${JSON.stringify([reaper, run])};
       const { pid } = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
       console.log(pid);
       setInterval(() => undefined, 1000);`,
    ]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    const pid = Number(line);
    while (startOf(pid) !== null) await new Promise((resolve) => setTimeout(resolve, 20));
    expect([isRunning(engine), startOf(own.pid), existsSync(run)]).toEqual([false, null, false]);
  });
});

describe('an installation', () => {
  it('is made once, and is there whole or not at all', async () => {
    const cached = join(run, 'thing-1.0');
    await expect(fillOnce(cached, () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    );
    expect(existsSync(cached)).toBe(false);
    let made = 0;
    const make = async (scratch: string): Promise<void> => {
      made++;
      writeFileSync(join(scratch, 'program'), 'x');
    };
    await Promise.all([fillOnce(cached, make), fillOnce(cached, make)]);
    expect(made).toBe(1);
    expect(existsSync(join(cached, 'program'))).toBe(true);
  });

  it('says so when another process holds it for too long', async () => {
    const lock = join(run, 'lock');
    await withLock(lock, 1000, async () => {
      expect(await failure(withLock(lock, 150, () => Promise.resolve()))).toContain(
        'was held by another process',
      );
    });
    expect(await withLock(lock, 1000, () => Promise.resolve('free'))).toBe('free');
  });
});

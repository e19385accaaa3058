/** An upload whose server is killed in the middle: by any tus client, and in the page. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { Upload, type UploadOptions } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../../src/demo/processes.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { ADA, buildDashboard, launchBrowser, type Seen, signedIn } from './support/browser.ts';
import { type Prepared, prepare } from './support/campaign.ts';
import { type SlowLine, startSlowLine } from './support/slow-line.ts';
import { fleetwave, freePorts, kill, Stage } from './support/stage.ts';
import { until, untilTrue } from './support/wait.ts';

const MIB = 1024 * 1024;
/** Of the server's pieces: what is on its way when it dies has to come again. */
const PIECE = 8 * MIB;
const SIZE = 40 * MIB + 4321;
const FAST = 200 * MIB;
const SLOW = 12 * MIB;
const PATIENCE_MS = 60_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let stage: Stage;
let server: Child;
let line: SlowLine;
let prepared: Prepared;
let key: string;
let version = 0;

beforeAll(async () => {
  buildDashboard();
  const ports = await freePorts();
  stage = new Stage(ports);
  server = await stage.start();
  line = await startSlowLine(ports.httpPort, FAST);
  stage.defer(() => line.close());
  prepared = await prepare(stage, 40, 3);
  const answer = await stage.admin().request('POST', '/v1/access/keys', { body: ADA_KEY });
  key = (answer.body as { key: string }).key;
}, 120_000);
afterAll(() => stage?.close());

const ADA_KEY = { person: ADA.name, roles: ADA.roles };
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The next version of a software that the fleet has. */
async function register(): Promise<string> {
  const id = `tcm-firmware@2.2.${version++}`;
  const body = {
    kind: 'firmware',
    target: { ecuType: 'TCM', component: 'main' },
    releaseType: 'routine',
    requirements: { hardware: [{ part: 'TCM-110', versions: null }] },
  };
  await prepared.persons.ada.request('PUT', `/v1/artifacts/${id}`, { body });
  return id;
}

interface Stored {
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}
const artifactOf = async (id: string): Promise<Stored> =>
  (await prepared.persons.ada.request('GET', `/v1/artifacts/${id}`)).body as Stored;

/** Bytes of the one upload that are durable; null while the server is away, or there is none. */
async function offsetOf(id: string): Promise<number | null> {
  try {
    const answer = await fetch(`${stage.ready.http}/v1/artifacts/${encodeURIComponent(id)}/uploads`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return ((await answer.json()) as { items: { offset: number }[] }).items[0]?.offset ?? null;
  } catch {
    return null;
  }
}
const untilOffset = (id: string, least: number): Promise<number> =>
  until(`${least} bytes to be durable`, async () => {
    const offset = await offsetOf(id);
    return offset !== null && offset >= least ? offset : null;
  });

async function dieAndComeBack(): Promise<void> {
  await kill(server);
  server = await stage.start();
}

const stagedDirectory = (): string => join(stage.dataDir, 'blobs', 'staged');
const everythingStaged = (): string[] =>
  readdirSync(stagedDirectory(), { recursive: true, encoding: 'utf8' });
const staged = (): string[] => everythingStaged().filter((name) => /\/p\d/.test(name));

const optionsOf = (id: string, bytes: Buffer): UploadOptions => ({
  endpoint: `${line.url}/v1/artifacts/${encodeURIComponent(id)}/uploads`,
  headers: { authorization: `Bearer ${key}` },
  metadata: { filename: 'tcm.bin', sha256: sha256Of(bytes) },
  retryDelays: Array.from({ length: 200 }, () => 250),
});
const upload = (bytes: Buffer, options: UploadOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    new Upload(bytes, { ...options, onSuccess: () => resolve(), onError: reject }).start();
  });

describe('a server that is killed', () => {
  it('in the middle of an upload: it goes on, and what was stored does not come again', async () => {
    const id = await register();
    const bytes = randomBytes(SIZE);
    line.setRate(SLOW);
    const before = line.sent();
    const done = upload(bytes, optionsOf(id, bytes));
    const durable = await untilOffset(id, 2 * PIECE);
    await kill(server);
    const lost = line.sent() - before - durable;
    line.setRate(FAST);
    server = await stage.start();
    expect(await offsetOf(id)).toBeGreaterThanOrEqual(durable);
    await done;
    const sent = line.sent() - before;
    expect(lost).toBeLessThan(2 * PIECE + MIB);
    expect(sent).toBeLessThan(SIZE + 2 * PIECE + MIB);
    expect((await artifactOf(id)).files).toMatchObject([{ size: SIZE, sha256: sha256Of(bytes) }]);
    expect(staged()).toEqual([]);
    const validated = await prepared.persons.bob.request('POST', `/v1/artifacts/${id}/validate`, {
      body: { tool: 'bench', toolVerdict: 'passed' },
    });
    expect(validated.body).toMatchObject({ events: ['ArtifactValidated'] });
  }, 120_000);

  it('while the file is put together: it is stored once, with the last bytes sent again', async () => {
    const random = createRandom(11);
    for (let round = 0; round < 3; round++) {
      const id = await register();
      const bytes = randomBytes(SIZE);
      const options = optionsOf(id, bytes);
      const sentAll = new Promise<void>((resolve) => {
        options.onProgress = (sent) => {
          if (sent === SIZE) resolve();
        };
      });
      const done = upload(bytes, options);
      await sentAll;
      await new Promise((resolve) => setTimeout(resolve, random() * 250));
      await dieAndComeBack();
      await done;
      expect((await artifactOf(id)).files).toMatchObject([{ size: SIZE, sha256: sha256Of(bytes) }]);
    }
    expect(readdirSync(join(stage.dataDir, 'blobs', 'incoming'))).toEqual([]);
  }, 120_000);

  it('leaves nothing that a check or a backup would complain of, nor for longer than it is valid', async () => {
    const id = await register();
    const bytes = randomBytes(SIZE);
    line.setRate(SLOW);
    const cut = new Upload(bytes, { ...optionsOf(id, bytes), retryDelays: null, onError: () => undefined });
    cut.start();
    await untilOffset(id, PIECE);
    await cut.abort();
    line.setRate(FAST);
    expect(staged().length).toBeGreaterThan(0);
    const doctor = await fleetwave('doctor', '--data-dir', stage.dataDir, '--deep');
    expect(doctor.out + doctor.err).toMatch(/files decrypt to the digests in the log/);
    expect(await fleetwave('verify', '--data-dir', stage.dataDir)).toMatchObject({ code: 0 });
    const backup = stage.file('backup');
    const copied = await fleetwave('backup', backup, '--data-dir', stage.dataDir, '--json');
    expect(JSON.parse(copied.out)).toMatchObject({ ok: true, artifacts: { damagedCount: 0 } });
    expect(readdirSync(join(backup, 'blobs', 'staged'))).toEqual([]);

    // A day later.
    await kill(server);
    const then = new Date(Date.now() - 25 * 3_600_000);
    for (const name of everythingStaged()) utimesSync(join(stagedDirectory(), name), then, then);
    server = await stage.start();
    await untilTrue('what has expired to be removed', () => everythingStaged().length === 0);
    expect(await offsetOf(id)).toBeNull();
  }, 120_000);
});

describe('in the page', () => {
  let browser: Browser;
  const opened: Seen[] = [];
  beforeAll(async () => {
    browser = await launchBrowser();
    stage.defer(() => browser.close());
  });

  const open = async (id: string, options: object = {}): Promise<Page> => {
    const seen = await signedIn(
      browser,
      stage,
      ADA,
      { baseURL: line.url, ...options },
      `/artifacts/${encodeURIComponent(id)}`,
    );
    opened.push(seen);
    return seen.page;
  };
  const fileOf = (name: string, bytes: Buffer): string => {
    const path = stage.file(name);
    writeFileSync(path, bytes);
    return path;
  };
  const choose = (page: Page, path: string) => page.getByLabel('Upload files').setInputFiles(path);
  const says = (page: Page, text: string | RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: PATIENCE_MS });

  it('goes on by itself after the server was killed, and the artifact validates', async () => {
    const id = await register();
    const bytes = randomBytes(SIZE);
    const page = await open(id);
    line.setRate(SLOW);
    const before = line.sent();
    await choose(page, fileOf('tcm.bin', bytes));
    await untilOffset(id, PIECE);
    await kill(server);
    await says(page, 'Interrupted, and goes on by itself');
    line.setRate(FAST);
    server = await stage.start();
    await says(page, 'Stored');
    expect(line.sent() - before).toBeLessThan(SIZE + 3 * PIECE);
    await page.getByRole('cell', { name: 'tcm.bin' }).waitFor();
    expect((await artifactOf(id)).files).toMatchObject([{ size: SIZE, sha256: sha256Of(bytes) }]);
    const validated = await prepared.persons.bob.request('POST', `/v1/artifacts/${id}/validate`, {
      body: { tool: 'bench', toolVerdict: 'passed' },
    });
    expect(validated.body).toMatchObject({ events: ['ArtifactValidated'] });
  }, 120_000);

  it('pauses and resumes, and after a reload the same file goes on where it stopped', async () => {
    const id = await register();
    const bytes = randomBytes(SIZE);
    const path = fileOf('tcm.bin', bytes);
    const page = await open(id);
    line.setRate(SLOW);
    await choose(page, path);
    await untilOffset(id, PIECE);
    await page.getByRole('button', { name: 'Pause' }).click();
    await says(page, 'Paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    const at = await untilOffset(id, 2 * PIECE);
    await page.reload();
    await page.getByText('Choose the file again to go on.').waitFor();
    const before = line.sent();
    await choose(page, path);
    await says(page, 'It went on at');
    line.setRate(FAST);
    await says(page, 'Stored');
    expect(line.sent() - before).toBeLessThan(SIZE - at + MIB);
    expect((await artifactOf(id)).files).toMatchObject([{ sha256: sha256Of(bytes) }]);
    expect(await offsetOf(id)).toBeNull();
  }, 120_000);

  it('says so when the file was changed meanwhile', async () => {
    const id = await register();
    const page = await open(id);
    const path = fileOf('tcm.bin', randomBytes(SIZE));
    line.setRate(SLOW);
    await choose(page, path);
    await untilOffset(id, PIECE);
    await page.getByRole('button', { name: 'Pause' }).click();
    await says(page, 'Paused');
    appendFileSync(path, 'more');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('alert').getByText('The file can not be read').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await untilTrue('it to be gone', async () => (await offsetOf(id)) === null);
    line.setRate(FAST);
  }, 120_000);

  it('another file of the same name begins anew, and a cancelled one leaves nothing', async () => {
    const id = await register();
    const page = await open(id);
    line.setRate(SLOW);
    await choose(page, fileOf('tcm.bin', randomBytes(SIZE)));
    await untilOffset(id, PIECE);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
    expect(await offsetOf(id)).toBeNull();
    line.setRate(FAST);
    const small = randomBytes(5000);
    await choose(page, fileOf('tcm.bin', small));
    await says(page, 'Stored');
    await choose(page, fileOf('tcm.bin', randomBytes(6000)));
    await page.getByRole('alert').getByText('has a file tcm.bin with another digest').waitFor();
    await choose(page, fileOf('a name.bin', small));
    await page.getByRole('alert').getByText('is no name that a file of an artifact can have').waitFor();
    expect((await artifactOf(id)).files).toMatchObject([{ size: 5000, sha256: sha256Of(small) }]);
  }, 120_000);

  it('takes off its list what the server has removed meanwhile', async () => {
    const id = await register();
    const page = await open(id);
    line.setRate(SLOW);
    await choose(page, fileOf('tcm.bin', randomBytes(SIZE)));
    await untilOffset(id, PIECE);
    await page.getByRole('button', { name: 'Pause' }).click();
    await says(page, 'Paused');
    line.setRate(FAST);
    const uploads = `${stage.ready.http}/v1/artifacts/${encodeURIComponent(id)}/uploads`;
    const headers = { authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0' };
    const { items } = (await (await fetch(uploads, { headers })).json()) as { items: { id: string }[] };
    await fetch(`${uploads}/${items[0]?.id}`, { method: 'DELETE', headers });
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('group', { name: 'tcm.bin' }).waitFor({ state: 'detached' });
  }, 120_000);

  it.each(['light', 'dark'] as const)(
    'is usable by everybody, on a phone too, in %s',
    async (colorScheme) => {
      const id = await register();
      const page = await open(id, { viewport: { width: 390, height: 844 }, colorScheme });
      line.setRate(SLOW);
      const bytes = randomBytes(SIZE);
      await choose(page, fileOf('tcm.bin', bytes));
      await untilOffset(id, PIECE);
      const violations = async (): Promise<unknown> => {
        await page.evaluate(AXE);
        return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
        'best-practice'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))`);
      };
      expect(await violations()).toEqual([]);
      await page.getByRole('button', { name: 'Pause' }).click();
      await says(page, 'Paused');
      await page.reload();
      await page.getByText('Choose the file again to go on.').waitFor();
      expect(await violations()).toEqual([]);
      const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(wider)).toBe(0);
      await page.getByRole('button', { name: 'Discard tcm.bin' }).click();
      await untilTrue('it to be gone', async () => (await offsetOf(id)) === null);
      line.setRate(FAST);
    },
    120_000,
  );

  it('did nothing that the policy forbids, and threw nothing', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});

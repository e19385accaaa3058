/** The README's first campaign, as a newcomer would type it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const data = mkdtempSync(join(tmpdir(), 'fleetwave-readme-'));
let server: ChildProcess;
let addresses: { http: string; mqtt: string };

/** All `sh` blocks in order: one script, as one terminal. */
function tour(): string {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(
    (match) => match[1],
  );
  return blocks.join('\n');
}

beforeAll(async () => {
  const args = [
    'src/cli.ts',
    'start',
    '--data-dir',
    data,
    '--http-port',
    '0',
    '--mqtt-port',
    '0',
    '--json-ready',
  ];
  server = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const { stdout } = server;
  if (stdout === null) throw new Error('the server has no output');
  addresses = await new Promise((resolve, reject) => {
    createInterface({ input: stdout }).once('line', (line) => resolve(JSON.parse(line) as typeof addresses));
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
});

afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  rmSync(data, { recursive: true });
});

it('works as it is written', async () => {
  const script = tour()
    .replace('FW=http://127.0.0.1:7400', `FW=${addresses.http}`)
    .replace(
      'simulate --vehicles',
      `simulate --server ${addresses.http} --mqtt ${addresses.mqtt} --vehicles`,
    );
  expect(script).toContain(addresses.mqtt);
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    env: { ...process.env, FLEETWAVE_DATA_DIR: data },
  });
  let output = '';
  for (const stream of [bash.stdout, bash.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const code = await new Promise<number | null>((resolve) => bash.once('exit', resolve));
  expect(code, output).toBe(0);
  expect(output).toContain('"matched":1,"compatible":1');
  expect(output).toContain('"softwareVersion":"2.0.0"');
  expect(output).toContain('reviewed after');
}, 90_000);

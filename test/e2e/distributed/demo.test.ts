/** The demo on real engines, as a user runs it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../../src/cli.ts');

async function demo(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [CLI, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

describe('the demo on real engines', () => {
  it('brings every vehicle to its end, with a process per role, and reconciles', async () => {
    const { code, out, err } = await demo('--engines', 'distributed', '--vehicles', '200', '--json');
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: 'completed', pending: 0, lost: 0, countedTwice: 0 });
    for (const engine of ['EventStoreDB', 'Kafka', 'mongo-java-server', 'mosquitto', 'versitygw'])
      expect(err).toContain(engine);
    for (const name of ['api', 'bridge', 'rollout-1', 'rollout-2', 'gatekeeper', 'projector'])
      expect(err).toContain(name);
  }, 240_000);
});

/** The demo as a user runs it: the check must pass, and it must be able to fail. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const TIMEOUT_MS = 120_000;

interface Ended {
  readonly code: number | null;
  readonly result: Record<string, unknown>;
  readonly story: string;
}

/** Runs `fleetwave demo --json` with a temporary directory of its own, and looks at what it leaves there. */
async function demo(...args: readonly string[]): Promise<Ended & { readonly leftovers: readonly string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'demo-e2e-'));
  const child = spawn(process.execPath, [CLI, 'demo', '--json', ...args], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, story] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    story += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const leftovers = readdirSync(directory);
  rmSync(directory, { recursive: true });
  const last = out.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`no result; the demo said:\n${story}`);
  return { code, result: JSON.parse(last) as Record<string, unknown>, story, leftovers };
}

const GOOD = { state: 'completed', pending: 0, lost: 0, countedTwice: 0, digestFailures: 0 };
const FLEET = ['--vehicles', '60', '--fail-rate', '0.1', '--seed', '7'];

describe('npm run demo', () => {
  it(
    'brings every vehicle to its end, reconciles, and leaves nothing behind',
    async () => {
      const { code, result, story, leftovers } = await demo(...FLEET);
      expect({ code, story }).toMatchObject({ code: 0 });
      expect(result).toMatchObject(GOOD);
      expect(Object.keys(result)).toEqual([
        'campaignId',
        'state',
        'targets',
        'incompatible',
        'succeeded',
        'failed',
        'pending',
        'lost',
        'countedTwice',
        'digestFailures',
        'seconds',
      ]);
      expect(Number(result['targets']) + Number(result['incompatible'])).toBe(60);
      expect(Number(result['succeeded']) + Number(result['failed'])).toBe(result['targets']);
      expect(result['failed']).toBeGreaterThan(0);
      expect(story).toContain('Shortened for the demo');
      expect(leftovers).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['drop', { lost: 1 }, '1 lost, 0 counted twice, 0 wrong, 0 digest failures, 0 installed without a grant'],
    [
      'double',
      { countedTwice: 1 },
      '0 lost, 1 counted twice, 0 wrong, 0 digest failures, 0 installed without a grant',
    ],
    [
      'flip',
      { digestFailures: 1 },
      '0 lost, 0 counted twice, 0 wrong, 1 digest failures, 0 installed without a grant',
    ],
    ['late-trigger', {}, '0 lost, 0 counted twice, 0 wrong, 0 digest failures, 1 installed without a grant'],
  ])(
    'finds the sabotage %s: exactly that, and nothing else',
    async (kind, counts, words) => {
      const { code, result, story } = await demo(...FLEET, '--sabotage', kind);
      expect({ code, story }).toMatchObject({ code: 1 });
      expect(result).toMatchObject({ ...GOOD, ...counts });
      expect(story).toContain(words);
    },
    TIMEOUT_MS,
  );
});

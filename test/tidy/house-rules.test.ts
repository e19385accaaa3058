/** The rules of the house that no linter knows: who may import whom, no cycles, nothing left for nobody. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');
const sources = tracked.filter((file) => /^(src|test|bench|scripts|web)\/.*\.tsx?$/.test(file));

interface Import {
  readonly file: string;
  readonly target: string;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|new URL\(\s*'(\.[^']+\.ts)'/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? '';
    return { file, target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target };
  });
}

const imports = sources.filter((file) => file.startsWith('src/')).flatMap(importsOf);
const pages = sources.filter((file) => file.startsWith('web/'));

/** What each part may import of ours (path prefixes); libraries are listed where they are restricted too. */
const allowed: Record<string, { ours: string[]; libraries?: RegExp }> = {
  'src/domain/': { ours: ['src/domain/'], libraries: /^(zod|temporal-polyfill|semver)(\/|$)/ },
  'src/protocol/': { ours: ['src/protocol/'], libraries: /^zod$/ },
  'src/app/': { ours: ['src/app/', 'src/domain/', 'src/protocol/'] },
  'src/projections/': { ours: ['src/projections/', 'src/domain/', 'src/app/ports.ts', 'src/app/ports/'] },
  'src/adapters/': { ours: ['src/domain/', 'src/protocol/', 'src/app/ports.ts', 'src/app/ports/'] },
  'src/api/': { ours: ['src/api/', 'src/app/', 'src/domain/', 'src/projections/', 'src/protocol/'] },
  'src/simulator/': { ours: ['src/simulator/', 'src/protocol/'] },
  'src/reconcile/': { ours: ['src/reconcile/'], libraries: /^node:/ },
  'src/demo/': { ours: ['src/demo/', 'src/simulator/', 'src/reconcile/', 'src/protocol/'] },
};

/** One adapter = two folders deep (`src/adapters/event-store/sqlite/`) or one where there is only one of its port. */
const adapterOf = (file: string): string => file.split('/').slice(0, 4).join('/');

/** A file right in the folder of a port is what its adapters share; it belongs to none of them. */
const isShared = (target: string, adapter: string): boolean => dirname(target) === dirname(adapter);

function forbidden({ file, target }: Import): boolean {
  // The image has nothing but `src`.
  if (/^(test|scripts|bench)\//.test(target)) return true;
  const part = Object.keys(allowed).find((prefix) => file.startsWith(prefix));
  if (part === undefined) return false;
  const rule = allowed[part];
  if (rule === undefined) return false;
  if (!target.startsWith('src/')) return rule.libraries !== undefined && !rule.libraries.test(target);
  if (part === 'src/adapters/' && target.startsWith('src/adapters/')) {
    const mine = adapterOf(file);
    return !(target.startsWith(`${mine}/`) || adapterOf(target) === mine || isShared(target, mine));
  }
  return !rule.ours.some((prefix) => target.startsWith(prefix));
}

describe('imports go one way', () => {
  it('finds the imports at all', () => {
    expect(imports.length).toBeGreaterThan(20);
  });

  it('no part imports what it must not know', () => {
    expect(imports.filter(forbidden).map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  it('there is no cycle', () => {
    const graph = new Map<string, string[]>();
    for (const { file, target } of imports) graph.set(file, [...(graph.get(file) ?? []), target]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of graph.get(file) ?? []) if (next.startsWith('src/')) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(cycles).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('takes nothing of the server but types', () => {
    const others = pages
      .flatMap(importsOf)
      .filter(({ target }) => /^(src|test|bench|scripts)\//.test(target))
      .filter(({ target }) => !target.startsWith('src/api/') && !target.startsWith('src/protocol/'));
    expect(others).toEqual([]);
    const values = pages.filter((file) =>
      /(?:^|\n)\s*(?:import|export)\s(?!type\b)[^;]*?from\s+'[./]*\/src\/(?:api|protocol)\//.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(values).toEqual([]);
  });

  it('is no part of the server', () => {
    expect(imports.filter(({ target }) => target.startsWith('web/'))).toEqual([]);
  });

  it('marks nothing up as HTML and runs no text', () => {
    const risky = /dangerouslySetInnerHTML|innerHTML|\beval\(|new Function\(/;
    expect(pages.filter((file) => risky.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

describe('the domain is pure', () => {
  it('reads no clock, no random and no environment', () => {
    const impure =
      /\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|\bfetch\(|setTimeout\(|Temporal\.Now\b/;
    const found = sources
      .filter((file) => file.startsWith('src/domain/'))
      .filter((file) => impure.test(readFileSync(join(root, file), 'utf8')));
    expect(found).toEqual([]);
  });
});

describe('files and functions stay small', () => {
  const lines = (file: string): number => readFileSync(join(root, file), 'utf8').split('\n').length - 1;

  it('no file has grown past what one reads at once', () => {
    const limit = (file: string): number => (file.startsWith('test/') ? 500 : 300);
    expect(
      sources.filter((file) => lines(file) > limit(file)).map((file) => `${file}: ${lines(file)}`),
    ).toEqual([]);
  });

  it('no function is 70 lines or more', () => {
    const only = '--only=complexity/noExcessiveLinesPerFunction';
    const { status, stdout, stderr } = spawnSync(
      'node_modules/.bin/biome',
      ['lint', only, 'src', 'bench', 'scripts', 'web'],
      {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      },
    );
    expect(status, stdout + stderr).toBe(0);
  });
});

describe('nothing is left for nobody', () => {
  it('no marker of unfinished work', () => {
    const marker = new RegExp(
      `\\b(${['TO', 'FIX', 'XX'].map((start, i) => start + ['DO', 'ME', 'X'][i]).join('|')})\\b`,
    );
    expect(sources.filter((file) => marker.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('the lockfile names no download address', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved": "http');
  });
});

/**
 * Builds the dashboard into `web/dist`, with each file compressed beside itself. `--if-stale` builds only when a source
 * has changed since, and where it can't build it says so and lets the server start: the engine does not need its page.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'web/dist');
const stampFile = join(dist, '.built-from');
const COMPRESSED = /\.(js|css|html|svg)$/;
/** What the build is made of, beside the libraries that the lockfile names. */
const SOURCES = [
  'package-lock.json',
  'scripts/build-web.ts',
  'web/{src,public}/**/*',
  'web/*.{html,ts,json}',
];

function sourcesDigest(): string {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

function compress(): void {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const name of globSync('**/*', { cwd: dist }).filter((file) => COMPRESSED.test(file))) {
    const bytes = readFileSync(join(dist, name));
    writeFileSync(join(dist, `${name}.br`), brotliCompressSync(bytes, quality));
    writeFileSync(join(dist, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}

async function build(digest: string): Promise<void> {
  // Whoever builds, a test for one: React's own checks are not for operators.
  process.env['NODE_ENV'] = 'production';
  const { build: bundle } = await import('vite');
  await bundle({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'warn' });
  compress();
  writeFileSync(stampFile, digest);
}

const digest = sourcesDigest();
if (!process.argv.includes('--if-stale')) await build(digest);
else if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== digest) {
  try {
    await build(digest);
  } catch (error) {
    console.error(`The dashboard was not built: ${error instanceof Error ? error.message : String(error)}`);
    console.error('It needs the development dependencies (npm ci) and a web/ folder that can be written.');
  }
}

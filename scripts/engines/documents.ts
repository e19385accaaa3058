/** MongoDB's protocol without MongoDB: mongo-java-server on a file. Enough for tests and demos, nothing to measure on. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MongoClient } from 'mongodb';
import { engineCache, fillOnce } from './cache.ts';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';
import { run } from './run.ts';

const VERSION = '1.47.0';
const SOURCES = join(import.meta.dirname, 'documents');
const FILES = ['pom.xml', 'Main.java'];
const PROBE_MS = 2000;

const JAVA =
  'mongo-java-server needs a JDK 17 or newer and Maven: install them (java, javac, mvn on the PATH).';

/** Of the sources too: a changed main class is another installation. */
function installation(): string {
  const hash = createHash('sha256');
  for (const file of FILES) hash.update(readFileSync(join(SOURCES, file)));
  return engineCache(`documents-${VERSION}-${hash.digest('hex').slice(0, 8)}`);
}

async function install(say: (line: string) => void): Promise<void> {
  await fillOnce(installation(), async (scratch) => {
    say(`mongo-java-server ${VERSION}: fetching it from Maven (about 6 MB)`);
    for (const file of FILES) copyFileSync(join(SOURCES, file), join(scratch, file));
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'];
    await run('mvn', ['-B', '-ntp', '-q', ...goal], { cwd: scratch, missing: JAVA });
    const classpath = join('lib', '*');
    await run('javac', ['-cp', classpath, '-d', 'classes', 'Main.java'], { cwd: scratch, missing: JAVA });
  });
}

async function start({ directory, port: wanted }: StartOptions): Promise<RunningEngine> {
  const data = join(directory, 'data');
  mkdirSync(data, { recursive: true });
  const port = await rememberedPort(directory, wanted);
  const url = `mongodb://127.0.0.1:${port}/fleetwave`;
  const home = installation();
  const classpath = [join(home, 'classes'), join(home, 'lib', '*')].join(delimiter);
  const options = [
    '-XX:+UseSerialGC',
    '-Xms64m',
    '-Xmx512m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  ];
  const launched = await launch({
    name: 'mongo-java-server',
    directory,
    command: 'java',
    args: [...options, '-cp', classpath, 'Main', join(data, 'documents.mv'), String(port)],
    probe: () => ping(url),
  });
  return { name: 'documents', url, version: `mongo-java-server ${VERSION}`, directory, ...launched };
}

async function ping(url: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: PROBE_MS, socketTimeoutMS: PROBE_MS });
  try {
    await client.db().command({ ping: 1 });
  } finally {
    await client.close();
  }
}

export const documents: EngineRecipe = { name: 'documents', setting: 'FLEETWAVE_MONGODB', install, start };

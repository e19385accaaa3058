/** Kafka: one node in KRaft mode, from Maven Central. Needs a JDK 17 or newer, and Maven to install it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import '../../src/adapters/kafka/timers.ts';
import { engineCache, fillOnce } from './cache.ts';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';
import { run } from './run.ts';

/** As in kafka/pom.xml. */
const VERSION = '4.1.2';
const CLUSTER_ID = 'ZmxlZXR3YXZlLWVuZ2luZQ';
const JDK = 'Kafka needs a JDK 17 or newer and Maven: apt-get install openjdk-17-jdk-headless maven';
const lib = (): string => join(engineCache(`kafka-${VERSION}`), 'lib');
const java = (): readonly string[] => [
  '-XX:+UseSerialGC',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  '-cp',
  join(lib(), '*'),
];

export const kafka: EngineRecipe = {
  name: 'kafka',
  setting: 'FLEETWAVE_KAFKA',

  async install(say) {
    await fillOnce(engineCache(`kafka-${VERSION}`), async (scratch) => {
      say(`Fetching Kafka ${VERSION} with Maven (43 MB)`);
      const pom = join(import.meta.dirname, 'kafka/pom.xml');
      const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
      const target = `-DoutputDirectory=${join(scratch, 'lib')}`;
      await run('mvn', ['-B', '-q', '-f', pom, ...goal, target], { missing: JDK });
    });
  },

  async start(options: StartOptions): Promise<RunningEngine> {
    const { directory } = options;
    const port = await rememberedPort(directory, options.port);
    const controller = await rememberedPort(directory, 0, 'controller-port');
    const data = join(directory, 'data');
    const properties = join(directory, 'server.properties');
    mkdirSync(data, { recursive: true });
    writeFileSync(properties, configuration(port, controller, data));
    if (!existsSync(join(data, 'meta.properties'))) {
      const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties];
      await run('java', [...java(), ...format], { missing: JDK });
    }
    const launched = await launch({
      name: 'kafka',
      directory,
      command: 'java',
      args: ['-Xms128m', '-Xmx512m', ...java(), 'kafka.Kafka', properties],
      probe: () => createsTopics(port),
    });
    return {
      ...launched,
      name: 'kafka',
      url: `kafka://127.0.0.1:${port}`,
      version: `Apache Kafka ${VERSION}`,
      directory,
    };
  },
};

/** Small and quick to start and to notice a dead member; nothing is made by itself. */
const configuration = (port: number, controller: number, data: string): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 500,
    // After kill -9 the controller lets the same broker in again only when the old one's session is over. On a busy
    // machine it must not take a slow broker for a dead one: then nothing has a leader for a moment.
    'broker.session.timeout.ms': 6000,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** The port is open long before: topics are made only once the controller has let the broker in. */
async function createsTopics(port: number): Promise<void> {
  const client = new Kafka({
    clientId: 'fleetwave-engines',
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 3000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic: 'fleetwave-engines', numPartitions: 1, replicationFactor: 1 }],
      waitForLeaders: false,
    });
  } finally {
    await admin.disconnect();
  }
}

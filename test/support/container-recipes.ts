/** How each engine is run in a container: image, configuration, when it is ready, and its url. */
import { randomBytes } from 'node:crypto';
import type { GenericContainer, StartedTestContainer } from 'testcontainers';
import { mosquittoConf } from '../../scripts/engines/mosquitto/configuration.ts';
import { freePort } from '../../scripts/engines/ports.ts';
import { passwordLine, renderAcl } from '../../src/app/vehicle-link/mosquitto-files.ts';
import { passwordOf } from '../contract/vehicle-link/connected.ts';
import { IMAGES } from './images.ts';

export type ContainerName = 'eventstore' | 'kafka' | 'mongodb' | 'mosquitto' | 's3' | 'azurite';
type Docker = typeof import('testcontainers');

export interface ContainerRecipe {
  readonly product: string;
  readonly image: string;
  readonly container: GenericContainer;
  url(started: StartedTestContainer): string;
}

const secret = (): string => randomBytes(20).toString('hex');
const addressOf = (started: StartedTestContainer): string =>
  `${started.getHost()}:${started.getFirstMappedPort()}`;

/** EVENTSTORE_IMAGE chooses another version, or KurrentDB. In memory: a container's disk says nothing about a real one. */
function eventstore({ GenericContainer, Wait }: Docker): ContainerRecipe {
  const image = process.env['EVENTSTORE_IMAGE'] ?? IMAGES.eventstore;
  const kurrent = image.includes('kurrentdb');
  const prefix = kurrent ? 'KURRENTDB' : 'EVENTSTORE';
  const container = new GenericContainer(image)
    .withEnvironment({
      [`${prefix}_INSECURE`]: 'true',
      [`${prefix}_MEM_DB`]: 'true',
      [`${prefix}_CLUSTER_SIZE`]: '1',
    })
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204));
  const url = (started: StartedTestContainer): string => `esdb://${addressOf(started)}?tls=false`;
  return { product: kurrent ? 'KurrentDB' : 'EventStoreDB', image, container, url };
}

/** It tells its clients where it is, so its port outside must be known before it starts. */
async function kafka({
  GenericContainer,
  Wait,
  getContainerRuntimeClient,
}: Docker): Promise<ContainerRecipe> {
  const { info } = await getContainerRuntimeClient();
  const port = await freePort();
  const address = `${info.containerRuntime.host}:${port}`;
  const container = new GenericContainer(IMAGES.kafka)
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${address}`,
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '500',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  return { product: 'Apache Kafka', image: IMAGES.kafka, container, url: () => `kafka://${address}` };
}

function mongodb({ GenericContainer, Wait }: Docker): ContainerRecipe {
  const container = new GenericContainer(IMAGES.mongodb)
    .withExposedPorts(27_017)
    .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/));
  const url = (started: StartedTestContainer): string => `mongodb://${addressOf(started)}/fleetwave`;
  return { product: 'MongoDB', image: IMAGES.mongodb, container, url };
}

/** The user of the url may do everything; V1 and V2 are vehicles, with the passwords of the contract. */
function mosquitto({ GenericContainer, Wait }: Docker): ContainerRecipe {
  const password = secret();
  const files = { passwords: '/mosquitto/config/passwords', acl: '/mosquitto/config/acl' };
  const paths = { ...files, data: '/mosquitto/data', ca: '', serverCert: '', serverKey: '' };
  const conf = mosquittoConf({ services: 1883, vehicles: 1884, tls: null }, paths, 'mosquitto')
    // It is reached from outside of its container.
    .replaceAll(' 127.0.0.1\n', '\n');
  const salt = randomBytes(12);
  const users = [
    passwordLine('fleetwave', password, { salt, iterations: 101 }),
    ...['V1', 'V2'].map((id) => passwordLine(id, passwordOf(id), { salt, iterations: 1 })),
  ];
  const container = new GenericContainer(IMAGES.mosquitto)
    .withCopyContentToContainer([
      { target: '/mosquitto/config/mosquitto.conf', content: conf },
      { target: files.passwords, content: users.join('') },
      { target: files.acl, content: renderAcl(['fleetwave'], []) },
    ])
    .withExposedPorts(1883)
    .withWaitStrategy(Wait.forListeningPorts());
  const url = (started: StartedTestContainer): string => `mqtt://fleetwave:${password}@${addressOf(started)}`;
  return { product: 'mosquitto', image: IMAGES.mosquitto, container, url };
}

function s3({ GenericContainer, Wait }: Docker): ContainerRecipe {
  const accessKeyId = 'fleetwave';
  const secretAccessKey = secret();
  const container = new GenericContainer(IMAGES.s3)
    .withEnvironment({ MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey })
    // A folder in the data directory is a bucket.
    .withEntrypoint(['sh', '-c', 'mkdir -p /data/fleetwave && exec minio server /data'])
    .withExposedPorts(9000)
    .withWaitStrategy(Wait.forHttp('/minio/health/ready', 9000));
  const url = (started: StartedTestContainer): string => {
    const endpoint = `http://${addressOf(started)}`;
    return `s3://fleetwave?${new URLSearchParams({ endpoint, region: 'us-east-1', accessKeyId, secretAccessKey })}`;
  };
  return { product: 'MinIO', image: IMAGES.s3, container, url };
}

/** The client is often a service version ahead of the emulator, which would refuse it. */
const AZURITE_FLAGS = ['--disableProductStyleUrl', '--skipApiVersionCheck'];

function azurite({ GenericContainer, Wait }: Docker): ContainerRecipe {
  const key = randomBytes(64).toString('base64');
  const container = new GenericContainer(IMAGES.azurite)
    .withEnvironment({ AZURITE_ACCOUNTS: `fleetwave:${key}` })
    .withCommand(['azurite-blob', '--blobHost', '0.0.0.0', '--disableTelemetry', ...AZURITE_FLAGS])
    .withExposedPorts(10_000)
    .withWaitStrategy(Wait.forLogMessage(/successfully listen/));
  const url = (started: StartedTestContainer): string =>
    `DefaultEndpointsProtocol=http;AccountName=fleetwave;AccountKey=${key};` +
    `BlobEndpoint=http://${addressOf(started)}/fleetwave;`;
  return { product: 'Azurite', image: IMAGES.azurite, container, url };
}

export const CONTAINERS: Readonly<
  Record<ContainerName, (docker: Docker) => ContainerRecipe | Promise<ContainerRecipe>>
> = { eventstore, kafka, mongodb, mosquitto, s3, azurite };

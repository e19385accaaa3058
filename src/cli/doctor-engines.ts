/** Asks every engine that is configured, each by the probe of its adapter, all at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bad, type Finding } from '../app/ports/probe.ts';
import { type Config, environmentName, type SettingKey } from '../config.ts';
import { SHARD_COUNT } from '../domain/shared/shard.ts';

/** A probe ends by itself within 5 s; one that does not is not waited for. */
const LIMIT_MS = 7000;

interface Examined {
  readonly key: SettingKey;
  /** Null where it is not configured. An adapter is loaded only when it is. */
  readonly probe: ((config: Config) => Promise<Finding[]>) | null;
}

/** Findings in the order of this list; each check begins with the name of the setting. */
export async function examineEngines(config: Config): Promise<Finding[]> {
  const found = await Promise.all(enginesOf(config).map((engine) => examine(engine, config)));
  return found.flat();
}

const enginesOf = ({ eventStore, kafka, mongodb, mqtt, s3, azureBlob }: Config): readonly Examined[] => [
  { key: 'eventStore', probe: eventStore === 'sqlite' ? null : () => askEventStore(eventStore) },
  { key: 'kafka', probe: kafka === undefined ? null : () => askKafka(kafka) },
  { key: 'mongodb', probe: mongodb === undefined ? null : () => askMongo(mongodb) },
  { key: 'mqtt', probe: mqtt === undefined ? null : (config) => askMqtt(mqtt, config) },
  { key: 's3', probe: s3 === undefined ? null : () => askS3(s3) },
  {
    key: 'azureBlob',
    probe: azureBlob === undefined ? null : ({ azureContainer }) => askAzure(azureBlob, azureContainer),
  },
];

async function examine({ key, probe }: Examined, config: Config): Promise<Finding[]> {
  if (probe === null) return [];
  const setting = environmentName(key);
  const patience = new AbortController();
  try {
    const late = sleep(LIMIT_MS, null, { signal: patience.signal });
    late.catch(() => undefined);
    const findings = await Promise.race([probe(config), late]);
    return (findings ?? [silent]).map((finding) => ({ ...finding, check: `${setting} ${finding.check}` }));
  } catch (error) {
    // Settings that can't be understood; adapters say so in words.
    const why = error instanceof Error ? error.message : String(error);
    return [bad(setting, why, `Correct ${setting}.`)];
  } finally {
    patience.abort();
  }
}

const silent = bad('answer', `none within ${LIMIT_MS} ms`, 'Look whether it is overloaded, and at its log.');

async function askEventStore(connectionString: string): Promise<Finding[]> {
  const { probeEventStoreDb } = await import('../adapters/event-store/eventstoredb/probe.ts');
  return probeEventStoreDb(connectionString);
}

async function askKafka(url: string): Promise<Finding[]> {
  const { parseKafkaUrl } = await import('../adapters/kafka/settings.ts');
  const { probeKafka } = await import('../adapters/kafka/probe.ts');
  return probeKafka(parseKafkaUrl(url), SHARD_COUNT);
}

async function askMongo(url: string): Promise<Finding[]> {
  const { probeMongo } = await import('../adapters/read-model/mongodb/probe.ts');
  return probeMongo(url);
}

async function askMqtt(url: string, config: Config): Promise<Finding[]> {
  const { tlsOf } = await import('../main/engines/vehicle-links.ts');
  const { probeMqtt } = await import('../adapters/vehicle-link/mqtt/probe-mqtt.ts');
  return probeMqtt({ url, tls: tlsOf(config) });
}

async function askS3(url: string): Promise<Finding[]> {
  const { parseS3Url } = await import('../adapters/artifact-store/s3/s3-settings.ts');
  const { probeS3 } = await import('../adapters/artifact-store/s3/probe-s3.ts');
  return probeS3(parseS3Url(url));
}

async function askAzure(connectionString: string, container: string): Promise<Finding[]> {
  const { parseAzureSettings } = await import('../adapters/artifact-store/azure-blob/azure-settings.ts');
  const { probeAzure } = await import('../adapters/artifact-store/azure-blob/probe-azure.ts');
  return probeAzure(parseAzureSettings(connectionString, container));
}

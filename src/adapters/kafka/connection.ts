/** The way to a Kafka cluster: where it is, how its clients are made, and what is said of it. */
import { readFileSync } from 'node:fs';
import {
  type Admin,
  type Consumer,
  type ConsumerConfig,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Producer,
  type ProducerConfig,
  type RetryOptions,
} from 'kafkajs';
import type { Log } from '../../app/ports/log.ts';
import { createClientLog } from './client-log.ts';
import type { KafkaSettings } from './settings.ts';
import './timers.ts';
import { type TopicNames, topicNames } from './topic-names.ts';

export interface KafkaConnection {
  readonly settings: KafkaSettings;
  readonly topics: TopicNames;
  readonly log: Log;
  /** Made as configured, nothing is connected yet. */
  admin(): Admin;
  producer(config: ProducerConfig): Producer;
  consumer(config: ConsumerConfig): Consumer;
  /** False while no broker answers. */
  reachable(): boolean;
}

export interface KafkaOptions {
  /** Name of this process, for the brokers' logs and quotas. */
  readonly clientId: string;
  readonly log: Log;
}

/** All given: kafkajs takes other defaults when NODE_ENV is `test`. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 2000, factor: 0.2, multiplier: 2 };
/** What asks for an answer at once: about 3 s. */
const SHORT: RetryOptions = { ...RETRY, retries: 4 };
/** Members of groups: about a minute. They stay who they are over a restart of the brokers, so nothing is moved. */
const LONG: RetryOptions = { ...RETRY, retries: 32 };

/** Connects nothing yet. @throws Error when the file of certificates can't be read. */
export function openKafka(settings: KafkaSettings, options: KafkaOptions): KafkaConnection {
  const clientLog = createClientLog(options.log, settings.brokers);
  const common: KafkaConfig = {
    clientId: options.clientId,
    brokers: [...settings.brokers],
    ...securityOf(settings),
    logLevel: logLevel.WARN,
    logCreator: clientLog.creator,
    connectionTimeout: 3000,
    authenticationTimeout: 5000,
    requestTimeout: 10_000,
  };
  const impatient = new Kafka({ ...common, retry: SHORT });
  const patient = new Kafka({ ...common, retry: LONG });
  const answered = (): void => clientLog.answered();
  return {
    settings,
    topics: topicNames(settings.topicPrefix),
    log: options.log,
    reachable: clientLog.reachable,
    admin() {
      const admin = impatient.admin();
      admin.on(admin.events.REQUEST, answered);
      return admin;
    },
    producer(config) {
      const producer = impatient.producer({ allowAutoTopicCreation: false, retry: SHORT, ...config });
      producer.on(producer.events.REQUEST, answered);
      return producer;
    },
    consumer(config) {
      const consumer = patient.consumer({ allowAutoTopicCreation: false, ...config });
      consumer.on(consumer.events.REQUEST, answered);
      return consumer;
    },
  };
}

function securityOf({ tls, caFile, credentials }: KafkaSettings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const ssl = caFile === null ? tls : { ca: [readFileSync(caFile, 'utf8')] };
  if (credentials === null) return { ssl };
  const { mechanism, username, password } = credentials;
  switch (mechanism) {
    case 'plain':
      return { ssl, sasl: { mechanism, username, password } };
    case 'scram-sha-256':
      return { ssl, sasl: { mechanism, username, password } };
    case 'scram-sha-512':
      return { ssl, sasl: { mechanism, username, password } };
  }
}

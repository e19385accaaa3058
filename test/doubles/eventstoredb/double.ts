/** A stand-in for EventStoreDB: its gRPC protocol over a small SQLite log, faithful in what hurts. See README.md. */
import { randomUUID } from 'node:crypto';
import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { freePort } from '../../../scripts/engines/ports.ts';
import { appendHandler, deleteHandler, tombstoneHandler } from './append-service.ts';
import { batchAppendHandler } from './batch-append-service.ts';
import { BEHAVIOURS, type ServerVersion } from './behaviour.ts';
import { gossipHandler, type Member, supportedMethodsHandler } from './cluster-service.ts';
import type { Endpoint } from './errors.ts';
import { EventLog } from './event-log.ts';
import { FaultState, type Faults } from './faults.ts';
import { GroupCommit } from './group-commit.ts';
import { Listener } from './listener.ts';
import type { Node } from './node.ts';
import type { ReadAnswer } from './outlet.ts';
import { readHandler } from './read-service.ts';
import { statistics, systemEvents } from './system-events.ts';
import { PositionCodec } from './wire.ts';

export interface DoubleOptions {
  /** Where the log is kept; what is in it is gone on with. Without it the log is in memory. */
  readonly directory?: string;
  /** Loopback port; 0 or left out = any free one. */
  readonly port?: number;
  /** Whose behaviour to imitate where versions differ; 24.10 by default. */
  readonly version?: ServerVersion;
  /** Certificate and key (PEM); plain text without. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Passwords by user name; anyone may come in without. */
  readonly users?: Readonly<Record<string, string>>;
  /** Largest append in bytes; 1 MiB by default, as the server's MaxAppendSize. */
  readonly maxAppendBytes?: number;
  /** Longest wait for an append in milliseconds; 2,000 by default, as the server's WriteTimeoutMs. */
  readonly writeTimeoutMs?: number;
  /** Whether events read from one stream come with their position (true, as from 20.10 on). */
  readonly streamReadsCarryPosition?: boolean;
  /** Added to every position, so that a test can go beyond what fits a double. */
  readonly firstPosition?: bigint;
  /** How often the server writes statistics of its own into the log, in milliseconds; only at the start by default. */
  readonly statisticsEveryMs?: number;
  /** Event ids remembered to know repeated appends that expect any revision; 65,536 by default. */
  readonly recentIds?: number;
}

export interface EventStoreDouble {
  /** What a client connects to: `esdb://127.0.0.1:PORT?tls=false`. */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  stats(): DoubleStats;
  /** Breaks every connection and closes the log. */
  stop(): Promise<void>;
}

export interface DoubleStats {
  /** Open now. */
  readonly connections: number;
  readonly bytesSent: number;
  /** Subscriptions to streams and to $all, open now. */
  readonly subscriptions: number;
}

const LOOPBACK = '127.0.0.1';
const LARGEST_APPEND = 1_048_576;
/** Messages above it fail before anyone looks at them: the server's limit is that of a record. */
const LARGEST_MESSAGE = 16 * 1_048_576 - 10_000;
const WRITE_TIMEOUT_MS = 2_000;
const RECENT_IDS = 65_536;

/** The log that one or more nodes serve. */
export interface Storage {
  readonly log: EventLog;
  readonly commits: GroupCommit;
  close(): void;
}

/** Where a node stands among others. */
export interface Membership {
  members(): readonly Member[];
  /** Where the leader is, when it is another node. */
  leader(): Endpoint | undefined;
}

/** Resolves when it serves. @throws Error when the port is taken or the log is in use. */
export async function startEventStoreDouble(options: DoubleOptions = {}): Promise<EventStoreDouble> {
  const storage = await openStorage(options);
  const instanceId = randomUUID();
  const alone = (port: number): Membership => ({
    members: () => [{ host: LOOPBACK, port, instanceId, leads: true, alive: true }],
    leader: () => undefined,
  });
  try {
    const node = await startNode(storage, options, alone);
    return {
      ...node,
      async stop() {
        await node.stop();
        storage.close();
      },
    };
  } catch (error) {
    storage.close();
    throw error;
  }
}

export async function openStorage(options: DoubleOptions): Promise<Storage> {
  const log = new EventLog(options.directory, options.recentIds ?? RECENT_IDS);
  const commits = new GroupCommit(log);
  await Promise.all(systemEvents(log.last < 0).map((request) => commits.append(request)));
  const write = (): void => commits.write(statistics());
  const timer = options.statisticsEveryMs && setInterval(write, options.statisticsEveryMs);
  return {
    log,
    commits,
    close() {
      clearInterval(timer);
      log.close();
    },
  };
}

/** Serves a log, which stays open when the node stops. */
export async function startNode(
  storage: Storage,
  options: DoubleOptions,
  membership: (port: number) => Membership,
): Promise<EventStoreDouble> {
  const { tls } = options;
  const server = new Server({ 'grpc.max_receive_message_length': LARGEST_MESSAGE });
  const injector = server.createConnectionInjector(credentialsOf(tls));
  const listener = new Listener((socket) => injector.injectConnection(socket));
  await listener.listen(options.port || (await freePort()));
  const { port } = listener;
  const faults = new FaultState();
  const { members, leader } = membership(port);
  const node: Node = {
    ...storage,
    faults,
    positions: new PositionCodec(options.firstPosition ?? 0n),
    behaviour: BEHAVIOURS[options.version ?? '24.10'],
    users: options.users === undefined ? undefined : new Map(Object.entries(options.users)),
    maxAppendBytes: options.maxAppendBytes ?? LARGEST_APPEND,
    writeTimeoutMs: options.writeTimeoutMs ?? WRITE_TIMEOUT_MS,
    streamReadsCarryPosition: options.streamReadsCarryPosition ?? true,
    cut: () => listener.cut(),
    leader,
  };
  addServices(server, node, members);
  return {
    url: `esdb://${LOOPBACK}:${port}?tls=${tls !== undefined}`,
    port,
    faults: faultsOf(faults, listener),
    stats: () => ({
      connections: listener.connections,
      bytesSent: listener.bytesSent,
      subscriptions: storage.commits.followers,
    }),
    async stop() {
      await listener.close();
      injector.destroy();
      server.forceShutdown();
    },
  };
}

const credentialsOf = (tls: DoubleOptions['tls']): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [
        { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) },
      ]);

/** The protocol's service, save that answers of Read may be bytes already. */
const STREAMS = {
  ...streams.StreamsService,
  read: {
    ...streams.StreamsService.read,
    responseSerialize: (answer: ReadAnswer) =>
      Buffer.isBuffer(answer) ? answer : streams.StreamsService.read.responseSerialize(answer),
  },
};

function addServices(server: Server, node: Node, members: Membership['members']): void {
  server.addService(STREAMS, {
    read: readHandler(node),
    append: appendHandler(node),
    batchAppend: batchAppendHandler(node),
    delete: deleteHandler(node),
    tombstone: tombstoneHandler(node),
  });
  server.addService(features.ServerFeaturesService, {
    getSupportedMethods: supportedMethodsHandler(node.behaviour.version),
  });
  server.addService(gossip.GossipService, { read: gossipHandler(members) });
}

function faultsOf(state: FaultState, listener: Listener): Faults {
  return {
    loseAnswers: (how, count = 1) => state.loseAnswers(how, count),
    loseAppends: (count = 1) => state.loseAppends(count),
    cutConnections: () => listener.cut(),
    refuseConnections: (ms) => listener.refuse(ms),
    dropSubscriptions: (afterEvents, how = 'unavailable', count = 1) =>
      state.dropSubscriptions(afterEvents, how, count),
    answerNotLeader: (leader, { always = false } = {}) => state.answerNotLeader(leader, always),
    delayAnswers: (ms) => state.delayAnswers(ms),
    clear: () => state.clear(),
  };
}

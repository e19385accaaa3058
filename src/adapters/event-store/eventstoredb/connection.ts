/**
 * The connection to the server: one gRPC channel, replaced when it fails or the leader moves. The protocol's own
 * definitions come from @eventstore/db-client; calls are made here and not by its `Client`, because of what that
 * can't say or gets wrong (docs/engines.md, "EventStoreDB").
 */
import grpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import {
  type CallOptions,
  Channel,
  type ChannelCredentials,
  connectivityState,
  Metadata,
} from '@grpc/grpc-js';
import type { Log } from '../../../app/ports.ts';
import { parseTarget, type Target } from './endpoints.ts';
import { AbandonedCallError, type Endpoint, type Failure, failureOf } from './failure.ts';
import { closed, FIRST_DELAY_MS, MAX_DELAY_MS, Retry } from './retry.ts';

export interface ConnectionOptions {
  readonly connectionString: string;
  readonly log: Log;
  /** Of one append or one short read, milliseconds; the connection string's `defaultDeadline` goes before it. */
  readonly deadline_ms: number;
  /** How long a call is tried again before it fails, milliseconds. */
  readonly retryFor_ms: number;
}

/** A channel to one node, for as long as it lasts. */
export interface Session {
  readonly streams: InstanceType<typeof grpc.StreamsClient>;
  readonly channel: Channel;
  readonly credentials: ChannelCredentials;
  readonly endpoint: Endpoint;
  /** Aborts when the leader moved or the store is closed: calls that would go on for ever end then. */
  readonly over: AbortSignal;
  /** Metadata and options of a call that may take so long; null for no limit. */
  call(deadline_ms: number | null): [Metadata, CallOptions];
}

export interface ConnectionStats {
  readonly connects: number;
  readonly connectionsLost: number;
  readonly redirects: number;
  readonly retries: number;
}

/** A node answers with events of up to 16 MiB, which other ways than gRPC can write. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

export class Connection {
  readonly #target: Target;
  readonly #log: Log;
  readonly #retryFor_ms: number;
  readonly #closing = new AbortController();
  readonly deadline_ms: number;
  #opening: Promise<Opened> | null = null;
  #current: Opened | null = null;
  #next: Endpoint | null = null;
  #failed: Endpoint | null = null;
  /** When the connection was lost, milliseconds; null while it is there. */
  #lostAt: number | null = null;
  readonly #stats = { connects: 0, connectionsLost: 0, redirects: 0, retries: 0 };

  /** @throws EventStoreError 'invalid-request' for a connection string that can't be understood. */
  constructor({ connectionString, log, deadline_ms, retryFor_ms }: ConnectionOptions) {
    this.#target = parseTarget(connectionString);
    this.#log = log;
    this.#retryFor_ms = retryFor_ms;
    this.deadline_ms = this.#target.deadline_ms ?? deadline_ms;
  }

  get stats(): ConnectionStats {
    return this.#stats;
  }

  get connected(): boolean {
    const state = this.#current?.channel.getConnectivityState(false);
    return this.#lostAt === null && state !== connectivityState.TRANSIENT_FAILURE;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Runs a call, again while it fails in a way that may pass.
   * @throws EventStoreError 'unavailable' when it did not succeed in time, or what the server says.
   */
  async run<Value>(call: (session: Session) => Promise<Value>): Promise<Value> {
    const retry = this.retry();
    for (;;) {
      let session: Session | null = null;
      try {
        session = await this.session();
        const value = await call(session);
        this.reached();
        return value;
      } catch (error) {
        await retry.after(this.failed(session, error));
      }
    }
  }

  retry(bound_ms: number = this.#retryFor_ms): Retry {
    return new Retry(bound_ms, this.#closing.signal, () => {
      this.#stats.retries += 1;
    });
  }

  async session(): Promise<Session> {
    if (this.#closing.signal.aborted) throw closed();
    if (this.#current !== null) return this.#current;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return await this.#opening;
  }

  /** A call got its answer. */
  reached(): void {
    if (this.#lostAt === null) return;
    const away_ms = Math.round(performance.now() - this.#lostAt);
    this.#lostAt = null;
    this.#log('info', 'the event store is reached again', { ...this.#where(), away_ms });
  }

  /** A call failed: says what that means, and gives the channel up when it is to blame. */
  failed(session: Session | null, error: unknown): Failure {
    const failure = failureOf(error);
    const up = session?.channel.getConnectivityState(false) === connectivityState.READY;
    const lost = failure.disconnected === 'yes' || (failure.disconnected === 'perhaps' && !up);
    if (lost && this.#lostAt === null && !this.#closing.signal.aborted) {
      this.#lostAt = performance.now();
      this.#stats.connectionsLost += 1;
      this.#log('error', 'the event store can not be reached', { ...this.#where(), error: failure.error });
    }
    if (session === null || session !== this.#current) return failure;
    if (failure.kind === 'moved') {
      this.#stats.redirects += 1;
      this.#log('warn', 'the leader of the event store moved', {
        from: session.endpoint,
        to: failure.leader,
      });
      this.#giveUp(failure.leader, true);
    } else if (lost) this.#giveUp(null, false);
    return failure;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    this.#giveUp(null, true);
  }

  async #open(): Promise<Opened> {
    const endpoint = this.#next ?? (await this.#target.find(this.#failed));
    this.#next = null;
    if (this.#closing.signal.aborted) throw closed();
    this.#current = openSession(this.#target, endpoint);
    this.#stats.connects += 1;
    return this.#current;
  }

  #giveUp(next: Endpoint | null, endCalls: boolean): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    this.#next = next;
    this.#failed = current.endpoint;
    if (endCalls) current.end.abort(new AbandonedCallError());
    current.channel.close();
  }

  #where(): { readonly endpoint?: string } {
    const endpoint = this.#current?.endpoint ?? this.#failed;
    return endpoint === null ? {} : { endpoint: `${endpoint.address}:${endpoint.port}` };
  }
}

interface Opened extends Session {
  readonly end: AbortController;
}

function openSession(target: Target, endpoint: Endpoint): Opened {
  const end = new AbortController();
  const channel = new Channel(`${endpoint.address}:${endpoint.port}`, target.credentials, {
    'grpc.keepalive_time_ms':
      target.keepAliveInterval_ms < 0 ? Number.MAX_VALUE : target.keepAliveInterval_ms,
    'grpc.keepalive_timeout_ms':
      target.keepAliveTimeout_ms < 0 ? Number.MAX_VALUE : target.keepAliveTimeout_ms,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    // Retries are ours: bounded, counted, and with no second copy of what is sent.
    'grpc.enable_retries': 0,
    // A channel's connection is its own, and is tried again soon: by default only every two minutes after a while.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': FIRST_DELAY_MS,
    'grpc.max_reconnect_backoff_ms': MAX_DELAY_MS,
  });
  const call = (deadline_ms: number | null): [Metadata, CallOptions] => {
    const metadata = new Metadata();
    metadata.set('connection-name', target.connectionName);
    // Reads too: a follower may lag behind what it was asked to append.
    metadata.set('requires-leader', 'true');
    if (target.authorization !== null) metadata.set('authorization', target.authorization);
    return [metadata, deadline_ms === null ? {} : { deadline: Date.now() + deadline_ms }];
  };
  const streams = new grpc.StreamsClient('', target.credentials, { channelOverride: channel });
  return { streams, channel, credentials: target.credentials, endpoint, call, end, over: end.signal };
}

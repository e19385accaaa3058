/**
 * Live data by Server-Sent Events. Every frame is a whole snapshot, so a slow client is never owed more than the
 * newest one: at most one frame waits per client, and clients of one campaign share one read.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from './problem.ts';

export interface Frame {
  /** Grows with every change: what Last-Event-ID resumes from. */
  readonly id: string;
  readonly data: unknown;
}

export interface LiveOptions {
  /** Shortest time between two frames of one topic, milliseconds. */
  readonly minInterval_ms: number;
  readonly heartbeat_ms: number;
  /** Over all topics. */
  readonly maxClients: number;
}

export const LIVE_DEFAULTS: LiveOptions = { minInterval_ms: 100, heartbeat_ms: 15_000, maxClients: 1000 };

/** What a client should wait before it connects again, milliseconds. */
const RETRY_MS = 2000;

class Client {
  readonly #raw: FastifyReply['raw'];
  readonly #mayWatch: () => boolean;
  #waiting: string | null = null;
  #stalledBeats = 0;

  constructor(raw: FastifyReply['raw'], mayWatch: () => boolean) {
    this.#raw = raw;
    this.#mayWatch = mayWatch;
    raw.on('drain', () => {
      this.#stalledBeats = 0;
      const text = this.#waiting;
      this.#waiting = null;
      if (text !== null) this.send(text);
    });
  }

  /** Writes, or keeps only the newest while the socket is full. */
  send(text: string): void {
    if (this.#raw.writableNeedDrain) this.#waiting = text;
    else this.#raw.write(text);
  }

  /** A client that takes nothing for four heartbeats is gone, and one that has lost its key or session may not stay. */
  beat(): void {
    if (!this.#mayWatch()) this.#raw.end();
    else if (!this.#raw.writableNeedDrain) this.#raw.write(': heartbeat\n\n');
    else if (++this.#stalledBeats >= 4) this.#raw.destroy();
  }

  end(): void {
    this.#raw.end();
  }
}

interface Topic {
  readonly clients: Set<Client>;
  readonly read: () => Promise<Frame | null>;
  latest: { readonly id: string; readonly text: string } | null;
  timer: NodeJS.Timeout | null;
  /** A change came while a read was under way. */
  dirty: boolean;
  reading: boolean;
}

export class LiveHub {
  readonly #options: LiveOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onError: (error: unknown) => void;
  #closed = false;

  constructor(options: LiveOptions, onError: (error: unknown) => void) {
    this.#options = options;
    this.#onError = onError;
    this.#heartbeat = setInterval(() => {
      for (const topic of this.#topics.values()) for (const client of topic.clients) client.beat();
    }, options.heartbeat_ms);
    this.#heartbeat.unref();
  }

  get clients(): number {
    let count = 0;
    for (const topic of this.#topics.values()) count += topic.clients.size;
    return count;
  }

  /** Something may have changed: every topic is read again, at its pace. */
  moved(): void {
    for (const topic of this.#topics.values()) this.#schedule(topic);
  }

  /**
   * Keeps the response open and feeds it for as long as `mayWatch` says so, which is asked at each heartbeat. `read`
   * must give the topic's present frame.
   * @throws Problem `overloaded` above the limit of clients, `shutting-down` after close.
   */
  async watch(
    name: string,
    request: FastifyRequest,
    reply: FastifyReply,
    read: Topic['read'],
    mayWatch: () => boolean,
  ): Promise<void> {
    if (this.#closed)
      throw problem('shutting-down', 'the server is shutting down', { headers: RETRY_HEADERS });
    if (this.clients >= this.#options.maxClients) {
      throw problem('overloaded', `there are ${this.#options.maxClients} live clients already`, {
        hint: 'Try again later, or poll the progress instead.',
        headers: RETRY_HEADERS,
      });
    }
    const first = await read();
    // Gone meanwhile: it would never be told of its end, and keep its place for ever.
    if (request.raw.socket.destroyed) {
      reply.hijack();
      return;
    }
    const topic = this.#topicOf(name, read);
    if (first !== null) topic.latest = { id: first.id, text: textOf(first) };
    const client = this.#open(reply, mayWatch);
    topic.clients.add(client);
    request.raw.socket.setNoDelay(true);
    reply.raw.once('close', () => this.#leave(name, topic, client));
    if (topic.latest !== null && topic.latest.id !== request.headers['last-event-id'])
      client.send(topic.latest.text);
    // What changed between the read above and now.
    this.#schedule(topic);
  }

  /** Ends every stream; clients come back to the next server by themselves. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    for (const topic of this.#topics.values()) {
      if (topic.timer !== null) clearTimeout(topic.timer);
      for (const client of topic.clients) client.end();
    }
    this.#topics.clear();
  }

  #open(reply: FastifyReply, mayWatch: () => boolean): Client {
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    reply.raw.write(`retry: ${RETRY_MS}\n\n`);
    return new Client(reply.raw, mayWatch);
  }

  #topicOf(name: string, read: Topic['read']): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic: Topic = {
      clients: new Set(),
      read,
      latest: null,
      timer: null,
      dirty: false,
      reading: false,
    };
    this.#topics.set(name, topic);
    return topic;
  }

  #leave(name: string, topic: Topic, client: Client): void {
    topic.clients.delete(client);
    if (topic.clients.size > 0) return;
    if (topic.timer !== null) clearTimeout(topic.timer);
    topic.timer = null;
    if (this.#topics.get(name) === topic) this.#topics.delete(name);
  }

  #schedule(topic: Topic): void {
    if (topic.reading) topic.dirty = true;
    else topic.timer ??= setTimeout(() => this.#refresh(topic), this.#options.minInterval_ms);
  }

  #refresh(topic: Topic): void {
    topic.timer = null;
    topic.reading = true;
    topic
      .read()
      .then((frame) => {
        if (frame === null || frame.id === topic.latest?.id) return;
        topic.latest = { id: frame.id, text: textOf(frame) };
        for (const client of topic.clients) client.send(topic.latest.text);
      })
      .catch(this.#onError)
      .finally(() => {
        topic.reading = false;
        const again = topic.dirty && topic.clients.size > 0 && !this.#closed;
        topic.dirty = false;
        if (again) this.#schedule(topic);
      })
      .catch(this.#onError);
  }
}

const RETRY_HEADERS = { 'retry-after': '2' };

const textOf = (frame: Frame): string =>
  `id: ${frame.id}\nevent: progress\ndata: ${JSON.stringify(frame.data)}\n\n`;

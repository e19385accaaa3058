/** A subscription to one stream: catches up page by page, goes live, and falls behind when too slow. */
import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { streamDeleted } from './errors.ts';
import { type EventFormat, encodeEvent } from './event-encoder.ts';
import { LiveEvents } from './live-events.ts';
import type { Node } from './node.ts';
import type { Outlet } from './outlet.ts';
import type { StoredEvent } from './stored-event.ts';
import { SubscriptionDropped } from './subscription-dropped.ts';

const PAGE_EVENTS = 32;

export class StreamSubscription {
  readonly #node: Node;
  readonly #outlet: Outlet;
  readonly #format: EventFormat;
  readonly #stream: string;
  readonly #live = new LiveEvents();
  readonly #meter: ReturnType<Node['faults']['subscriptionMeter']>;
  readonly #head: number;
  #sent: number;
  #liveNumber = 0;

  constructor(
    node: Node,
    outlet: Outlet,
    format: EventFormat,
    options: { readonly stream: string; readonly from: number | 'start' | 'end' },
  ) {
    this.#node = node;
    this.#outlet = outlet;
    this.#format = format;
    this.#stream = options.stream;
    this.#meter = node.faults.subscriptionMeter();
    const page = node.log.stream(options.stream, -1, 1, 'backward');
    this.#head = page.result === 'success' ? page.lastRevision : -1;
    if (options.from === 'start') this.#sent = -1;
    else this.#sent = options.from === 'end' ? this.#head : options.from;
  }

  /** Runs until the subscriber goes away. @throws CallFailure or SubscriptionDropped. */
  async run(): Promise<void> {
    const stop = this.#node.commits.follow((event) => {
      if (event.stream === this.#stream) this.#live.push({ event });
    });
    this.#outlet.onClosed(() => this.#live.close());
    try {
      const confirmation = new streams.ReadResp.SubscriptionConfirmation();
      confirmation.setSubscriptionId(randomUUID());
      await this.#outlet.send(new streams.ReadResp().setConfirmation(confirmation));
      if (this.#sent >= this.#head) await this.#goLive();
      while (!this.#outlet.closed) {
        await this.#catchUp();
        await this.#goLive();
      }
    } finally {
      stop();
    }
  }

  async #catchUp(): Promise<void> {
    while (!this.#outlet.closed) {
      const page = this.#node.log.stream(this.#stream, this.#sent + 1, PAGE_EVENTS, 'forward');
      if (page.result === 'deleted') throw streamDeleted(this.#stream);
      if (page.result === 'not-found') return;
      for (const event of page.events) await this.#sendEvent(event);
      if (page.endOfStream) return;
    }
  }

  async #goLive(): Promise<void> {
    await this.#outlet.send(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    for (;;) {
      const message = await this.#live.take();
      if (message?.event === undefined) return;
      const inSequence = message.number === this.#liveNumber + 1;
      this.#liveNumber = message.number;
      if (message.event.revision <= this.#sent) continue;
      if (!inSequence) return;
      await this.#sendEvent(message.event);
    }
  }

  async #sendEvent(event: StoredEvent): Promise<void> {
    const end = this.#meter();
    if (end !== undefined) throw new SubscriptionDropped(end);
    this.#sent = event.revision;
    await this.#outlet.send(encodeEvent(event, this.#format));
    if (event.type === '$streamDeleted') throw streamDeleted(this.#stream);
  }
}

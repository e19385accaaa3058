/** A subscription to $all, filtered or not: catches up page by page, goes live, and falls behind when too slow. */
import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidSubscriptionPosition } from './errors.ts';
import { type EventFormat, encodeEvent } from './event-encoder.ts';
import { type EventFilter, everything } from './filter.ts';
import { LiveEvents } from './live-events.ts';
import type { LogPage } from './log-reader.ts';
import type { Node } from './node.ts';
import type { Outlet } from './outlet.ts';
import { comparePositions, type LogPosition, NOWHERE, positionOf, type StoredEvent } from './stored-event.ts';
import { SubscriptionDropped } from './subscription-dropped.ts';
import { checkpointMessage } from './wire.ts';

/** Events the server reads at once. */
const PAGE_EVENTS = 32;
const FIRST_RECORD: LogPosition = { commit: 0, prepare: 0 };

export interface AllSubscriptionOptions {
  /** The last event or checkpoint that the subscriber has seen. */
  readonly from: LogPosition | 'start' | 'end';
  /** undefined = no filter, and then no checkpoints. */
  readonly filter: FilterWindow | undefined;
}

export interface FilterWindow {
  readonly matches: EventFilter;
  readonly maxSearchWindow: number;
  readonly checkpointInterval: number;
}

export class AllSubscription {
  readonly #node: Node;
  readonly #outlet: Outlet;
  readonly #format: EventFormat;
  readonly #filter: FilterWindow | undefined;
  readonly #live = new LiveEvents();
  readonly #meter: ReturnType<Node['faults']['subscriptionMeter']>;
  /** Position of what was sent last: an event or a checkpoint. */
  #sent: LogPosition;
  #lastCheckpoint: LogPosition | undefined;
  #liveNumber = 0;
  /** Events heard live since the last live checkpoint. */
  #sinceCheckpoint = 0;

  constructor(node: Node, outlet: Outlet, format: EventFormat, options: AllSubscriptionOptions) {
    this.#node = node;
    this.#outlet = outlet;
    this.#format = format;
    this.#filter = options.filter;
    this.#meter = node.faults.subscriptionMeter();
    const head = { commit: node.log.last, prepare: node.log.last };
    if (options.from === 'start') this.#sent = NOWHERE;
    else this.#sent = options.from === 'end' ? head : options.from;
  }

  /** Runs until the subscriber goes away. @throws CallFailure or SubscriptionDropped. */
  async run(): Promise<void> {
    const head = { commit: this.#node.log.last, prepare: this.#node.log.last };
    const stop = this.#node.commits.follow((event) => this.#hear(event));
    this.#outlet.onClosed(() => this.#live.close());
    try {
      const confirmation = new streams.ReadResp.SubscriptionConfirmation();
      confirmation.setSubscriptionId(randomUUID());
      await this.#outlet.send(new streams.ReadResp().setConfirmation(confirmation));
      if (comparePositions(this.#sent, head) >= 0) await this.#goLive();
      else if (!this.#node.log.isBoundary(Math.max(0, this.#sent.commit)))
        throw invalidSubscriptionPosition();
      while (!this.#outlet.closed) {
        await this.#catchUp();
        await this.#goLive();
      }
    } finally {
      stop();
    }
  }

  /** Counts every event for the checkpoints, as the server does, also those that the filter leaves out. */
  #hear(event: StoredEvent): void {
    if (this.#filter?.matches(event) ?? true) this.#live.push({ event });
    if (this.#filter === undefined) return;
    this.#sinceCheckpoint += 1;
    if (this.#sinceCheckpoint < this.#filter.checkpointInterval) return;
    this.#sinceCheckpoint = 0;
    this.#live.push({ checkpoint: positionOf(event) });
  }

  async #catchUp(): Promise<void> {
    let from = this.#sent.commit < 0 ? FIRST_RECORD : this.#sent;
    let considered = 0;
    while (!this.#outlet.closed) {
      const page = this.#node.log.forward(from, {
        maxCount: PAGE_EVENTS,
        maxSearchWindow: this.#filter?.maxSearchWindow ?? Number.POSITIVE_INFINITY,
        filter: this.#filter?.matches ?? everything,
      });
      for (const event of page.events)
        if (comparePositions(positionOf(event), this.#sent) > 0) await this.#sendEvent(event);
      considered += page.considered;
      if (this.#filter !== undefined && this.#node.behaviour.checkpointWhenCaughtUp === 'reached')
        this.#skipTo(from, page);
      if (this.#filter === undefined ? page.events.length < PAGE_EVENTS : page.endOfLog) {
        if (this.#node.behaviour.intervalGoesOnLive) this.#sinceCheckpoint = considered;
        await this.#checkpointAtEnd(page);
        return;
      }
      if (this.#filter !== undefined && considered >= this.#filter.checkpointInterval) {
        considered %= this.#filter.checkpointInterval;
        this.#skipTo(from, page);
        await this.#sendCheckpoint(this.#sent);
      }
      from = page.next;
    }
  }

  /** Everything before this page has been looked at; of this page, only what was sent is told. */
  #skipTo(start: LogPosition, page: LogPage): void {
    if (comparePositions(this.#sent, start) < 0 && comparePositions(start, page.next) < 0) this.#sent = start;
  }

  async #checkpointAtEnd(page: LogPage): Promise<void> {
    const { checkpointWhenCaughtUp } = this.#node.behaviour;
    if (this.#filter === undefined || checkpointWhenCaughtUp === 'none') return;
    if (checkpointWhenCaughtUp === 'reached' && this.#sent.commit < 0 && page.next.commit > 0)
      this.#sent = FIRST_RECORD;
    await this.#sendCheckpoint(this.#sent);
  }

  async #goLive(): Promise<void> {
    await this.#outlet.send(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    for (;;) {
      const message = await this.#live.take();
      if (message === undefined) return;
      const inSequence = message.number === this.#liveNumber + 1;
      this.#liveNumber = message.number;
      const { event, checkpoint } = message;
      if (event !== undefined && comparePositions(positionOf(event), this.#sent) <= 0) continue;
      if (checkpoint !== undefined && comparePositions(checkpoint, this.#sent) < 0) continue;
      if (!inSequence) {
        if (this.#filter !== undefined) await this.#sendCheckpoint(this.#sent);
        return;
      }
      if (event !== undefined) await this.#sendEvent(event);
      if (checkpoint === undefined) continue;
      this.#sent = checkpoint;
      await this.#sendCheckpoint(checkpoint);
    }
  }

  async #sendEvent(event: StoredEvent): Promise<void> {
    const end = this.#meter();
    if (end !== undefined) throw new SubscriptionDropped(end);
    this.#sent = positionOf(event);
    await this.#outlet.send(encodeEvent(event, this.#format));
  }

  /** The same checkpoint, or one before it, is never told twice. */
  async #sendCheckpoint(at: LogPosition): Promise<void> {
    if (at.commit < 0 && this.#node.behaviour.checkpointWhenCaughtUp === 'reached') return;
    // Nowhere is the greatest number on the wire: after it no checkpoint is greater any more.
    const told = at.commit < 0 ? { commit: Number.MAX_VALUE, prepare: Number.MAX_VALUE } : at;
    if (this.#lastCheckpoint !== undefined && comparePositions(told, this.#lastCheckpoint) <= 0) return;
    this.#lastCheckpoint = told;
    await this.#outlet.send(checkpointMessage(at, this.#node.positions));
  }
}

/** Streams.BatchAppend: many appends over one call, each answered on its own and in any order. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type rpc from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { appendBytes } from './append-service.ts';
import { batchFailure, CallFailure, handlerThrew } from './errors.ts';
import type { AppendOutcome } from './event-log.ts';
import { admit, isSystemStream, type Node } from './node.ts';
import { EXPECTED, type ProposedEvent } from './stored-event.ts';
import { proposedEvent, streamIdentifier, streamNameOf, uuidMessage, uuidOf } from './wire.ts';

type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** Appends of one call that are under way, above which its next requests have to wait. */
const MOST_IN_FLIGHT = 1024;

interface Collecting {
  readonly stream: string;
  readonly options: streams.BatchAppendReq.Options;
  readonly events: ProposedEvent[];
  readonly timer: NodeJS.Timeout;
  bytes: number;
}

export function batchAppendHandler(node: Node): (call: BatchCall) => void {
  return (call) => {
    try {
      admit(node, call.metadata);
    } catch (error) {
      call.emit('error', error instanceof CallFailure ? error : handlerThrew());
      return;
    }
    new BatchAppend(node, call).start();
  };
}

class BatchAppend {
  readonly #node: Node;
  readonly #call: BatchCall;
  /** Appends whose last part has not come yet. */
  readonly #collecting = new Map<string, Collecting>();
  #inFlight = 0;
  #ended = false;

  constructor(node: Node, call: BatchCall) {
    this.#node = node;
    this.#call = call;
  }

  start(): void {
    this.#call.on('data', (request: streams.BatchAppendReq) => this.#receive(request));
    this.#call.on('end', () => {
      this.#ended = true;
      this.#endWhenIdle();
    });
    this.#call.on('cancelled', () => this.#forget());
    this.#call.on('error', () => this.#forget());
  }

  #forget(): void {
    for (const { timer } of this.#collecting.values()) clearTimeout(timer);
    this.#collecting.clear();
  }

  #receive(request: streams.BatchAppendReq): void {
    const stream = streamNameOf(request.getOptions()?.getStreamIdentifier());
    let id = '';
    try {
      // A node that has lost the leadership ends the whole call.
      admit(this.#node, this.#call.metadata);
      id = uuidOf(request.getCorrelationId());
      if (!this.#open(id, request)) return;
      const collecting = this.#collecting.get(id);
      if (collecting === undefined) return;
      for (const message of request.getProposedMessagesList()) {
        const event = proposedEvent(message);
        collecting.bytes += appendBytes(this.#node, event);
        collecting.events.push(event);
      }
      if (collecting.bytes > this.#node.maxAppendBytes) {
        this.#close(id);
        this.#refuse(id, collecting.stream, batchFailure.tooLarge(this.#node.maxAppendBytes));
      } else if (request.getIsFinal()) {
        this.#close(id);
        this.#write(id, collecting);
      }
    } catch (error) {
      if (error instanceof CallFailure) this.#call.emit('error', error);
      else this.#refuse(id, stream, batchFailure.badRequest(error instanceof Error ? error.message : ''));
    }
  }

  /** Starts an append with its options. @returns whether what comes with them is to be looked at. */
  #open(id: string, request: streams.BatchAppendReq): boolean {
    const options = request.getOptions();
    if (options === undefined) return true;
    const stream = streamNameOf(options.getStreamIdentifier());
    if (!options.hasStreamIdentifier()) {
      this.#refuse(id, stream, batchFailure.badRequest('Required field StreamIdentifier not set.'));
      return false;
    }
    if (isSystemStream(stream)) {
      this.#refuse(id, stream, batchFailure.accessDenied());
      return false;
    }
    const timeoutMs = Math.min(millisecondsLeft(options), this.#node.writeTimeoutMs);
    if (timeoutMs <= 0) {
      this.#refuse(id, stream, batchFailure.timedOut());
      return false;
    }
    const timer = setTimeout(() => {
      this.#collecting.delete(id);
      this.#refuse(id, stream, batchFailure.timedOut());
    }, timeoutMs);
    this.#collecting.set(id, { stream, options, events: [], timer, bytes: 0 });
    return true;
  }

  #close(id: string): void {
    clearTimeout(this.#collecting.get(id)?.timer);
    this.#collecting.delete(id);
  }

  #write(id: string, { stream, options, events }: Collecting): void {
    if (this.#node.faults.takeLostAppend()) {
      this.#refuse(id, stream, batchFailure.timedOut());
      return;
    }
    this.#inFlight += 1;
    if (this.#inFlight >= MOST_IN_FLIGHT) this.#call.pause();
    const expected = expectedOf(options);
    this.#node.commits
      .append({ stream, expected, events })
      .then(
        (outcome) => this.#answer(id, stream, options, outcome),
        () => this.#refuse(id, stream, batchFailure.unknown()),
      )
      .finally(() => {
        this.#inFlight -= 1;
        if (this.#inFlight < MOST_IN_FLIGHT && this.#call.isPaused()) this.#call.resume();
        this.#endWhenIdle();
      });
  }

  async #answer(
    id: string,
    stream: string,
    options: streams.BatchAppendReq.Options,
    outcome: AppendOutcome,
  ): Promise<void> {
    await this.#node.faults.delay();
    const lost = this.#node.faults.takeLostAnswer();
    if (lost === 'cut') this.#node.cut();
    else if (lost === 'timeout') this.#refuse(id, stream, batchFailure.timedOut());
    if (lost !== undefined) return;
    if (outcome.result === 'stream-deleted') this.#refuse(id, stream, batchFailure.streamDeleted(stream));
    else if (outcome.result === 'wrong-version') {
      const expected = expectedOf(options);
      const field = options.getStreamPosition();
      this.#refuse(id, stream, batchFailure.wrongVersion(outcome.currentRevision, expected, field));
    } else this.#send(id, stream, (response) => response.setSuccess(this.#success(outcome)));
  }

  #success(outcome: {
    readonly lastRevision: number;
    readonly position: number;
  }): streams.BatchAppendResp.Success {
    const success = new streams.BatchAppendResp.Success();
    if (outcome.lastRevision < 0) success.setNoStream(new empty.Empty());
    else success.setCurrentRevision(String(outcome.lastRevision));
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(this.#node.positions.encode(outcome.position));
    position.setPreparePosition(this.#node.positions.encode(outcome.position));
    success.setPosition(position);
    return success;
  }

  #refuse(id: string, stream: string, status: rpc.Status): void {
    this.#send(id, stream, (response) => response.setError(status));
  }

  #send(id: string, stream: string, fill: (response: streams.BatchAppendResp) => void): void {
    if (this.#call.cancelled || this.#call.writableEnded || this.#call.destroyed) return;
    const response = new streams.BatchAppendResp();
    if (id !== '') response.setCorrelationId(uuidMessage(id));
    response.setStreamIdentifier(streamIdentifier(stream));
    fill(response);
    this.#call.write(response);
  }

  #endWhenIdle(): void {
    if (this.#ended && this.#inFlight === 0 && !this.#call.destroyed) this.#call.end();
  }
}

function expectedOf(options: streams.BatchAppendReq.Options): number {
  if (options.hasStreamPosition()) return Number(options.getStreamPosition());
  if (options.hasNoStream()) return EXPECTED.noStream;
  if (options.hasStreamExists()) return EXPECTED.streamExists;
  return EXPECTED.any;
}

function millisecondsLeft(options: streams.BatchAppendReq.Options): number {
  const deadline = options.getDeadline();
  return deadline === undefined ? Number.POSITIVE_INFINITY : deadline.toDate().getTime() - Date.now();
}

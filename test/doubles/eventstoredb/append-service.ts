/** Streams.Append, Delete and Tombstone: one write a call. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import {
  accessDenied,
  CallFailure,
  handlerThrew,
  missingMetadata,
  streamDeleted,
  timedOut,
  tooLarge,
  wrongVersionOfDelete,
} from './errors.ts';
import type { AppendOutcome } from './event-log.ts';
import { admit, isSystemStream, type Node } from './node.ts';
import { EXPECTED, type ProposedEvent } from './stored-event.ts';
import { MissingMetadata, type PositionCodec, proposedEvent, streamNameOf } from './wire.ts';

type AppendCall = ServerReadableStream<streams.AppendReq, streams.AppendResp>;
type Options = streams.AppendReq.Options | streams.DeleteReq.Options | streams.TombstoneReq.Options;

export function appendHandler(
  node: Node,
): (call: AppendCall, answer: sendUnaryData<streams.AppendResp>) => void {
  return (call, answer) => {
    append(node, call).then(
      (response) => {
        if (response !== undefined) answer(null, response);
      },
      (error: unknown) => answer(error instanceof CallFailure ? error : handlerThrew()),
    );
  };
}

async function append(node: Node, call: AppendCall): Promise<streams.AppendResp | undefined> {
  admit(node, call.metadata);
  let options: streams.AppendReq.Options | undefined;
  const events: ProposedEvent[] = [];
  let bytes = 0;
  for await (const message of call as AsyncIterable<streams.AppendReq>) {
    if (options === undefined) {
      options = message.getOptions();
      if (options === undefined) throw handlerThrew();
      if (isSystemStream(streamNameOf(options.getStreamIdentifier()))) throw accessDenied();
      continue;
    }
    const event = eventOf(message.getProposedMessage());
    bytes += appendBytes(node, event);
    if (bytes > node.maxAppendBytes) throw tooLarge(node.maxAppendBytes);
    events.push(event);
  }
  if (options === undefined || call.cancelled) throw handlerThrew();
  if (node.faults.takeLostAppend()) throw timedOut();
  const stream = streamNameOf(options.getStreamIdentifier());
  const outcome = await node.commits.append({ stream, expected: expectedOf(options), events });
  await node.faults.delay();
  const lost = node.faults.takeLostAnswer();
  if (lost === 'timeout') throw timedOut();
  if (lost === 'cut') node.cut();
  return lost === undefined ? appendResponse(node.positions, stream, options, outcome) : undefined;
}

function eventOf(message: streams.AppendReq.ProposedMessage | undefined): ProposedEvent {
  if (message === undefined) throw handlerThrew();
  try {
    return proposedEvent(message);
  } catch (error) {
    throw error instanceof MissingMetadata ? missingMetadata(error.property) : handlerThrew();
  }
}

/** What an event counts towards the largest append. */
export const appendBytes = (node: Node, event: ProposedEvent): number =>
  node.behaviour.countsMetadata
    ? event.data.length + event.metadata.length + event.type.length * 2
    : event.data.length;

export function expectedOf(options: Options): number {
  if (options.hasRevision()) return Number(options.getRevision());
  if (options.hasNoStream()) return EXPECTED.noStream;
  if (options.hasStreamExists()) return EXPECTED.streamExists;
  return EXPECTED.any;
}

function appendResponse(
  positions: PositionCodec,
  stream: string,
  options: streams.AppendReq.Options,
  outcome: AppendOutcome,
): streams.AppendResp {
  if (outcome.result === 'stream-deleted') throw streamDeleted(stream);
  if (outcome.result === 'wrong-version') return wrongVersion(options, outcome.currentRevision);
  const success = new streams.AppendResp.Success();
  if (outcome.lastRevision < 0) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(outcome.lastRevision));
  const position = new streams.AppendResp.Position();
  position.setCommitPosition(positions.encode(outcome.position));
  position.setPreparePosition(positions.encode(outcome.position));
  success.setPosition(position);
  return new streams.AppendResp().setSuccess(success);
}

function wrongVersion(options: streams.AppendReq.Options, current: number): streams.AppendResp {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (options.hasAny()) wrong.setExpectedAny(new shared.Empty());
  else if (options.hasStreamExists()) wrong.setExpectedStreamExists(new shared.Empty());
  else if (options.hasNoStream()) wrong.setExpectedNoStream(new shared.Empty());
  else wrong.setExpectedRevision(options.getRevision());
  if (current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(current));
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
}

export function deleteHandler(
  node: Node,
): (
  call: ServerUnaryCall<streams.DeleteReq, streams.DeleteResp>,
  answer: sendUnaryData<streams.DeleteResp>,
) => void {
  return (call, answer) =>
    answering(answer, () => {
      const at = deleteStream(node, call, false);
      const position = new streams.DeleteResp.Position();
      position.setCommitPosition(at).setPreparePosition(at);
      return new streams.DeleteResp().setPosition(position);
    });
}

export function tombstoneHandler(
  node: Node,
): (
  call: ServerUnaryCall<streams.TombstoneReq, streams.TombstoneResp>,
  answer: sendUnaryData<streams.TombstoneResp>,
) => void {
  return (call, answer) =>
    answering(answer, () => {
      const at = deleteStream(node, call, true);
      const position = new streams.TombstoneResp.Position();
      position.setCommitPosition(at).setPreparePosition(at);
      return new streams.TombstoneResp().setPosition(position);
    });
}

function answering<T>(answer: sendUnaryData<T>, work: () => T): void {
  let response: T;
  try {
    response = work();
  } catch (error) {
    answer(error instanceof CallFailure ? error : handlerThrew());
    return;
  }
  answer(null, response);
}

function deleteStream(
  node: Node,
  call: ServerUnaryCall<streams.DeleteReq | streams.TombstoneReq, unknown>,
  hard: boolean,
): string {
  admit(node, call.metadata);
  const options = call.request.getOptions();
  if (options === undefined) throw handlerThrew();
  const stream = streamNameOf(options.getStreamIdentifier());
  if (isSystemStream(stream)) throw accessDenied();
  const expected = expectedOf(options);
  const outcome = node.commits.delete(stream, expected, hard);
  if (outcome.result === 'stream-deleted') throw streamDeleted(stream);
  if (outcome.result === 'wrong-version')
    throw wrongVersionOfDelete(stream, expected, outcome.currentRevision);
  return node.positions.encode(outcome.position);
}

/** Failures as the real server words them: status and trailers of a call, or the status inside a batch answer. */
import codes from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import rpc from '@eventstore/db-client/generated/status_pb.js';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import anyMessage from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { EXPECTED } from './stored-event.ts';
import { streamIdentifier } from './wire.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Ends a call with a status; what a handler throws. */
export class CallFailure extends Error implements StatusObject {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = new Metadata();
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, value);
  }
}

export const timedOut = (): CallFailure =>
  new CallFailure(status.ABORTED, 'Operation timed out: Commit phase timeout.');

export const notLeader = ({ host, port }: Endpoint): CallFailure =>
  new CallFailure(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

export const accessDenied = (): CallFailure =>
  new CallFailure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

export const unauthenticated = (): CallFailure =>
  new CallFailure(status.UNAUTHENTICATED, 'Bad gRPC response. HTTP status code: 401');

export const streamDeleted = (stream: string): CallFailure =>
  new CallFailure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

export const tooLarge = (limit: number): CallFailure =>
  new CallFailure(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });

export const missingMetadata = (property: string): CallFailure =>
  new CallFailure(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });

export const invalidArgument = (message: string): CallFailure =>
  new CallFailure(status.INVALID_ARGUMENT, message);

/** A position in the middle of a record: reads and subscriptions put it differently. */
export const invalidReadPosition = (): CallFailure =>
  new CallFailure(status.UNKNOWN, 'Unexpected ReadAllResult: InvalidPosition');
export const invalidSubscriptionPosition = (): CallFailure =>
  new CallFailure(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.');

export const handlerThrew = (): CallFailure =>
  new CallFailure(status.UNKNOWN, 'Exception was thrown by handler.');

export const wrongVersionOfDelete = (stream: string, expected: number, actual: number): CallFailure =>
  new CallFailure(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(expected),
      'actual-version': String(actual),
    },
  );

const TYPE_PREFIX = 'type.googleapis.com';

interface Serializable {
  serializeBinary(): Uint8Array;
}

function batchStatus(code: codes.Code, message: string, type: string, details: Serializable): rpc.Status {
  const any = new anyMessage.Any();
  any.pack(details.serializeBinary(), type, TYPE_PREFIX);
  const result = new rpc.Status();
  result.setCode(code);
  result.setMessage(message);
  result.setDetails(any);
  return result;
}

/** Statuses inside the answers of BatchAppend. */
export const batchFailure = {
  wrongVersion(current: number, expected: number, expectedField: string): rpc.Status {
    const details = new shared.WrongExpectedVersion();
    if (current < 0) details.setCurrentNoStream(new empty.Empty());
    else details.setCurrentStreamRevision(String(current));
    if (expected === EXPECTED.any) details.setExpectedAny(new empty.Empty());
    else if (expected === EXPECTED.noStream) details.setExpectedNoStream(new empty.Empty());
    else if (expected === EXPECTED.streamExists) details.setExpectedStreamExists(new empty.Empty());
    else details.setExpectedStreamPosition(expectedField);
    return batchStatus(
      codes.Code.ALREADY_EXISTS,
      'WrongExpectedVersion',
      'event_store.client.WrongExpectedVersion',
      details,
    );
  },
  streamDeleted(stream: string): rpc.Status {
    const details = new shared.StreamDeleted();
    details.setStreamIdentifier(streamIdentifier(stream));
    return batchStatus(codes.Code.NOT_FOUND, 'StreamDeleted', 'event_store.client.StreamDeleted', details);
  },
  accessDenied: (): rpc.Status =>
    batchStatus(
      codes.Code.PERMISSION_DENIED,
      'AccessDenied',
      'event_store.client.AccessDenied',
      new shared.AccessDenied(),
    ),
  timedOut: (): rpc.Status =>
    batchStatus(codes.Code.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new shared.Timeout()),
  tooLarge(limit: number): rpc.Status {
    const details = new shared.MaximumAppendSizeExceeded();
    details.setMaxappendsize(limit);
    return batchStatus(
      codes.Code.INVALID_ARGUMENT,
      'MaximumAppendSizeExceeded',
      'event_store.client.MaximumAppendSizeExceeded',
      details,
    );
  },
  badRequest(message: string): rpc.Status {
    const details = new shared.BadRequest();
    details.setMessage(message);
    return batchStatus(codes.Code.INVALID_ARGUMENT, 'BadRequest', 'event_store.client.BadRequest', details);
  },
  unknown: (): rpc.Status =>
    batchStatus(codes.Code.UNKNOWN, 'Unknown', 'event_store.client.Unknown', new shared.Unknown()),
};

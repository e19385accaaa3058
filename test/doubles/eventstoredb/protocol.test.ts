/** What the protocol has and the client's own methods don't ask for: the generated stubs do. */
import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import services from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status } from '@grpc/grpc-js';
import google from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { afterEach, describe, expect, it } from 'vitest';
import { all, counted, countedAll, doubles, numbers } from './support.ts';
import { streamIdentifier, streamNameOf, uuidMessage, uuidOf } from './wire.ts';

const { both } = doubles();
const stubs: services.StreamsClient[] = [];
afterEach(() => {
  for (const stub of stubs.splice(0)) stub.close();
});

function stubOf(port: number): services.StreamsClient {
  const stub = new services.StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure());
  stubs.push(stub);
  return stub;
}

const empty = () => new shared.Empty();

function readRequest(fill: (options: streams.ReadReq.Options) => void): streams.ReadReq {
  const options = new streams.ReadReq.Options();
  options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(empty()));
  options.setNoFilter(empty());
  options.setCount('1000');
  fill(options);
  return new streams.ReadReq().setOptions(options);
}

const allFromStart = () => new streams.ReadReq.Options.AllOptions().setStart(empty());
const allFromEnd = () => new streams.ReadReq.Options.AllOptions().setEnd(empty());

function byStream(prefixes: string[], regex = ''): streams.ReadReq.Options.FilterOptions {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression();
  expression.setPrefixList(prefixes).setRegex(regex);
  return new streams.ReadReq.Options.FilterOptions()
    .setStreamIdentifier(expression)
    .setCount(empty())
    .setCheckpointintervalmultiplier(1);
}

const read = (stub: services.StreamsClient, request: streams.ReadReq): Promise<streams.ReadResp[]> =>
  all(stub.read(request) as AsyncIterable<streams.ReadResp>);

const streamsOf = (answers: readonly streams.ReadResp[]): string[] =>
  answers.map((answer) => streamNameOf(answer.getEvent()?.getEvent()?.getStreamIdentifier()));

describe('a filtered read of $all', () => {
  it('goes both ways over what matches', async () => {
    const { double, client } = await both();
    for (const n of numbers(0, 60))
      await client.appendToStream(n % 20 === 0 ? `mine-${n}` : 'other', counted(n));
    const stub = stubOf(double.port);
    const forward = readRequest((options) =>
      options.setAll(allFromStart()).setFilter(byStream(['mine-', 'no'])),
    );
    expect(streamsOf(await read(stub, forward))).toEqual(['mine-0', 'mine-20', 'mine-40']);
    const backward = readRequest((options) => {
      options.setAll(allFromEnd()).setFilter(byStream([], '^mine-[24]')).setReadDirection(1).setCount('2');
    });
    expect(streamsOf(await read(stub, backward))).toEqual(['mine-40', 'mine-20']);
  });

  it('is refused with an expression that can not be read', async () => {
    const { double } = await both();
    const request = readRequest((options) => options.setAll(allFromStart()).setFilter(byStream([], '(')));
    await expect(read(stubOf(double.port), request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe('a read of a stream', () => {
  const stream = (revision: string) =>
    new streams.ReadReq.Options.StreamOptions()
      .setStreamIdentifier(streamIdentifier('s'))
      .setRevision(revision);

  it('tells the last revision to those who know of it, and where to go on beyond the end', async () => {
    const { double, client } = await both();
    await client.appendToStream('s', countedAll(0, 1, 2));
    const stub = stubOf(double.port);
    const knowing = (revision: string) =>
      readRequest((options) =>
        options
          .setStream(stream(revision))
          .setControlOption(new streams.ReadReq.Options.ControlOption().setCompatibility(1)),
      );
    const whole = await read(stub, knowing('0'));
    expect(whole.map((answer) => answer.hasEvent())).toEqual([true, true, true, false]);
    expect(whole.at(-1)?.getLastStreamPosition()).toBe('2');
    const beyond = await read(stub, knowing('7'));
    expect(beyond.map((answer) => answer.getFirstStreamPosition())).toEqual(['3', '0']);
    expect(beyond.at(-1)?.getLastStreamPosition()).toBe('2');
  });

  it('gives ids as numbers when asked to', async () => {
    const { double, client } = await both();
    const event = counted(0);
    await client.appendToStream('s', event);
    const request = readRequest((options) => {
      options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setStructured(empty()));
      options.setStream(stream('0'));
    });
    const [answer] = await read(stubOf(double.port), request);
    expect(answer?.getEvent()?.getEvent()?.getId()?.hasStructured()).toBe(true);
    expect(uuidOf(answer?.getEvent()?.getEvent()?.getId())).toBe(event.id);
  });
});

describe('a position that can not be one', () => {
  it('is an error of the server', async () => {
    const { double } = await both();
    const position = new streams.ReadReq.Options.Position().setCommitPosition('5').setPreparePosition('6');
    const request = readRequest((options) =>
      options.setAll(new streams.ReadReq.Options.AllOptions().setPosition(position)),
    );
    await expect(read(stubOf(double.port), request)).rejects.toMatchObject({ code: status.UNKNOWN });
  });
});

describe('a batch append', () => {
  const proposed = (id: string) => {
    const message = new streams.BatchAppendReq.ProposedMessage();
    message.setId(new shared.UUID().setString(id)).setData(Buffer.from('{}'));
    message.getMetadataMap().set('type', 'Counted').set('content-type', 'application/json');
    return message;
  };

  const options = (deadlineMs: number, stream = 's') => {
    const deadline = timestamp.Timestamp.fromDate(new Date(Date.now() + deadlineMs));
    return new streams.BatchAppendReq.Options()
      .setStreamIdentifier(streamIdentifier(stream))
      .setDeadline(deadline)
      .setNoStream(new google.Empty());
  };

  const part = (id: string, events: readonly string[], isFinal: boolean) =>
    new streams.BatchAppendReq()
      .setCorrelationId(uuidMessage(id))
      .setProposedMessagesList(events.map(proposed))
      .setIsFinal(isFinal);

  /** Sends all and gives the answers, which have the order in which the server came to them. */
  const answers = async (port: number, requests: readonly streams.BatchAppendReq[]) => {
    const call = stubOf(port).batchAppend();
    for (const request of requests) call.write(request);
    call.end();
    const got = await all(call as AsyncIterable<streams.BatchAppendResp>);
    return got.map((answer) => ({
      id: uuidOf(answer.getCorrelationId()),
      stream: streamNameOf(answer.getStreamIdentifier()),
      error: answer.getError()?.getMessage(),
      type: answer.getError()?.getDetails()?.getTypeName(),
      revision: answer.getSuccess()?.getCurrentRevision(),
    }));
  };

  const [one, two, three] = ['1', '2', '3'].map((digit) => `${digit}0000000-0000-4000-8000-000000000000`) as [
    string,
    string,
    string,
  ];

  it('comes in parts, in between those of others, and is answered when it is whole', async () => {
    const { double } = await both();
    const got = await answers(double.port, [
      part(one, [randomUUID()], false).setOptions(options(5000)),
      part(two, [randomUUID()], true).setOptions(options(5000, 't')),
      part(one, [randomUUID(), randomUUID()], true),
    ]);
    expect(got).toEqual([
      { id: two, stream: 't', error: undefined, type: undefined, revision: '0' },
      { id: one, stream: 's', error: undefined, type: undefined, revision: '2' },
    ]);
  });

  it('that is too large is refused at once, and the rest of it is ignored', async () => {
    const { double } = await both({ maxAppendBytes: 3 });
    const got = await answers(double.port, [
      part(one, [randomUUID(), randomUUID()], false).setOptions(options(5000)),
      part(one, [randomUUID()], true),
    ]);
    const type = 'event_store.client.MaximumAppendSizeExceeded';
    expect(got).toEqual([
      { id: one, stream: 's', error: 'MaximumAppendSizeExceeded', type, revision: undefined },
    ]);
  });

  it('whose deadline is over, or that never becomes whole, times out', async () => {
    const { double } = await both({ writeTimeoutMs: 50 });
    const call = stubOf(double.port).batchAppend();
    call.write(part(one, [randomUUID()], true).setOptions(options(-1)));
    call.write(part(two, [randomUUID()], false).setOptions(options(5000)));
    const got: (string | undefined)[] = [];
    for await (const answer of call as AsyncIterable<streams.BatchAppendResp>) {
      got.push(answer.getError()?.getMessage());
      if (got.length === 2) break;
    }
    call.cancel();
    expect(got).toEqual(['Timeout', 'Timeout']);
  });

  it('with an event that is none is a bad request, and the call goes on', async () => {
    const { double } = await both();
    const got = await answers(double.port, [
      part(one, ['no-uuid'], true).setOptions(options(5000)),
      part(two, ['00000000-0000-0000-0000-000000000000'], true).setOptions(options(5000)),
      part(three, [randomUUID()], true).setOptions(options(5000)),
    ]);
    expect(got.map(({ error }) => error)).toEqual(['BadRequest', 'BadRequest', undefined]);
  });
});

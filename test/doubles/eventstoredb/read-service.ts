/** Streams.Read: reads of a stream and of $all in both directions, and subscriptions. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { AllSubscription, type FilterWindow } from './all-subscription.ts';
import { CallFailure, handlerThrew, invalidArgument, invalidReadPosition, streamDeleted } from './errors.ts';
import { type EventFormat, encodeEvent } from './event-encoder.ts';
import { everything, parseFilter } from './filter.ts';
import { admit, type Node } from './node.ts';
import { Outlet, type ReadCall } from './outlet.ts';
import type { LogPosition } from './stored-event.ts';
import { StreamSubscription } from './stream-subscription.ts';
import { SubscriptionDropped } from './subscription-dropped.ts';
import { streamIdentifier, streamNameOf } from './wire.ts';

/** Events the server reads at once, and how many it looks at for a filter without a window of its own. */
const PAGE_EVENTS = 32;
/** Position.End: what the server also takes for "the end" when it comes as a position. */
const END = '18446744073709551615';

export function readHandler(node: Node): (call: ReadCall) => void {
  return (call) => {
    serve(node, call).catch((error: unknown) => end(node, call, error));
  };
}

function end(node: Node, call: ReadCall, error: unknown): void {
  if (error instanceof SubscriptionDropped) {
    if (error.how === 'cut') node.cut();
    else if (error.how === 'cancelled')
      call.emit('error', new CallFailure(1, 'Call canceled by the server.'));
    else call.emit('error', new CallFailure(14, 'Server Is Not Ready'));
    return;
  }
  call.emit('error', error instanceof CallFailure ? error : handlerThrew());
}

async function serve(node: Node, call: ReadCall): Promise<void> {
  admit(node, call.metadata);
  const options = call.request.getOptions();
  if (options === undefined) throw handlerThrew();
  const uuidOption = options.getUuidOption();
  if (uuidOption === undefined)
    throw invalidArgument(' `uuidOption` is a required argument of type UUIDOption');
  await node.faults.delay();
  const outlet = new Outlet(call);
  const format: EventFormat = {
    positions: node.positions,
    structuredIds: !uuidOption.hasString(),
    withPosition: options.hasAll() || node.streamReadsCarryPosition,
  };
  if (options.hasSubscription()) await subscription(node, outlet, format, options).run();
  else if (options.hasAll()) await readAll(node, outlet, format, options);
  else await readStream(node, outlet, format, options);
  call.end();
}

type ReadOptions = streams.ReadReq.Options;

function subscription(
  node: Node,
  outlet: Outlet,
  format: EventFormat,
  options: ReadOptions,
): { run(): Promise<void> } {
  if (options.getReadDirection() !== 0) throw invalidArgument('The combination of options is invalid.');
  if (options.hasAll())
    return new AllSubscription(node, outlet, format, {
      from: allFrom(node, options),
      filter: window(options),
    });
  const at = options.getStream();
  const stream = streamNameOf(at?.getStreamIdentifier());
  if (at?.hasEnd() === true) return new StreamSubscription(node, outlet, format, { stream, from: 'end' });
  const from = at?.hasRevision() === true ? Number(at.getRevision()) : 'start';
  return new StreamSubscription(node, outlet, format, { stream, from });
}

function allFrom(node: Node, options: ReadOptions): LogPosition | 'start' | 'end' {
  const all = options.getAll();
  if (all?.hasEnd() === true) return 'end';
  const position = all?.getPosition();
  if (position === undefined) return 'start';
  const [commit, prepare] = [position.getCommitPosition(), position.getPreparePosition()];
  if (commit === END && prepare === END) return 'end';
  // The server's own type of a position does not accept these.
  if (BigInt(commit) < BigInt(prepare) || BigInt(commit) > 0x7fff_ffff_ffff_ffffn) throw handlerThrew();
  return { commit: node.positions.decode(commit), prepare: node.positions.decode(prepare) };
}

function window(options: ReadOptions): FilterWindow | undefined {
  const filter = options.getFilter();
  if (filter === undefined) return undefined;
  const maxSearchWindow = filter.hasMax() ? filter.getMax() : PAGE_EVENTS;
  const multiplier = filter.getCheckpointintervalmultiplier();
  const interval = multiplier * maxSearchWindow;
  if (options.hasSubscription() && interval === 0) throw handlerThrew();
  try {
    return { matches: parseFilter(filter), maxSearchWindow, checkpointInterval: interval };
  } catch (error) {
    throw invalidArgument(error instanceof Error ? error.message : String(error));
  }
}

async function readAll(node: Node, outlet: Outlet, format: EventFormat, options: ReadOptions): Promise<void> {
  const backward = options.getReadDirection() === 1;
  const filter = window(options);
  const start = allFrom(node, options);
  const end = { commit: node.log.end, prepare: node.log.end };
  let from: LogPosition;
  if (start === 'start') from = { commit: 0, prepare: 0 };
  else from = start === 'end' ? end : start;
  const beyond = from.commit > node.log.end;
  if (backward ? beyond || !node.log.isBoundary(from.commit) : !node.log.isBoundary(from.commit))
    throw invalidReadPosition();
  let left = BigInt(options.getCount());
  const limits = {
    maxCount: left < PAGE_EVENTS ? Number(left) : PAGE_EVENTS,
    maxSearchWindow: filter?.maxSearchWindow ?? Number.POSITIVE_INFINITY,
    filter: filter?.matches ?? everything,
  };
  while (!outlet.closed) {
    const page = backward ? node.log.backward(from, limits) : node.log.forward(from, limits);
    for (const event of page.events) {
      if (left === 0n) return;
      await outlet.send(encodeEvent(event, format));
      left -= 1n;
    }
    if (page.endOfLog) return;
    from = page.next;
  }
}

async function readStream(
  node: Node,
  outlet: Outlet,
  format: EventFormat,
  options: ReadOptions,
): Promise<void> {
  const at = options.getStream();
  const stream = streamNameOf(at?.getStreamIdentifier());
  const direction = options.getReadDirection() === 1 ? 'backward' : 'forward';
  const tellsPositions = (options.getControlOption()?.getCompatibility() ?? 0) >= 1;
  let from = at?.hasRevision() === true ? Number(at.getRevision()) : 0;
  if (at?.hasEnd() === true) from = direction === 'backward' ? -1 : Number.MAX_SAFE_INTEGER;
  let left = BigInt(options.getCount());
  const count = left < PAGE_EVENTS ? Number(left) : PAGE_EVENTS;
  for (let first = true; !outlet.closed; first = false) {
    const page = node.log.stream(stream, from, count, direction);
    if (page.result === 'deleted') throw streamDeleted(stream);
    if (page.result === 'not-found') return outlet.send(notFound(stream));
    if (first && tellsPositions && direction === 'forward' && page.events.length === 0)
      await outlet.send(new streams.ReadResp().setFirstStreamPosition(String(page.nextRevision)));
    for (const event of page.events) {
      if (left === 0n) break;
      await outlet.send(encodeEvent(event, format));
      left -= 1n;
    }
    if (page.endOfStream || left === 0n) {
      if (tellsPositions)
        await outlet.send(new streams.ReadResp().setLastStreamPosition(String(page.lastRevision)));
      return;
    }
    from = page.nextRevision;
  }
}

function notFound(stream: string): streams.ReadResp {
  const message = new streams.ReadResp.StreamNotFound();
  message.setStreamIdentifier(streamIdentifier(stream));
  return new streams.ReadResp().setStreamNotFound(message);
}

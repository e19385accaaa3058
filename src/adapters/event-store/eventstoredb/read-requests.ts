/** Requests of the Read call. Filters work on reads of `$all` too, which the package's client does not offer. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Position } from '../../../app/ports.ts';
import { fromPosition } from './all-position.ts';
import { identifier } from './calls.ts';

const { Options } = streams.ReadReq;

export interface StreamRead {
  readonly stream: string;
  readonly backward: boolean;
  /** Null: from the beginning, or from the end backward. */
  readonly from: number | null;
  /** At most 2^53 − 1. */
  readonly count: number;
}

/** How the server looks for what a filter lets through. */
export interface Search {
  /** Events looked at in one step of the server. */
  readonly window: number;
  /** Steps between two checkpoints. */
  readonly checkpointEvery: number;
}

/** Everything but system streams; a server has many events of those. */
const NO_SYSTEM_STREAM = '^[^$]';
/** No stream has an empty name. */
const NO_STREAM = '^$';

export function streamRequest({ stream, backward, from, count }: StreamRead): streams.ReadReq {
  const place = new Options.StreamOptions().setStreamIdentifier(identifier(stream));
  if (from !== null) place.setRevision(String(from));
  else if (backward) place.setEnd(new shared.Empty());
  else place.setStart(new shared.Empty());
  const options = plainOptions(backward).setStream(place).setCount(String(count));
  return new streams.ReadReq().setOptions(options.setNoFilter(new shared.Empty()));
}

/** The last event that is none of a system stream, before a position (exclusive) or of all. */
export function lastEventRequest(before: Position | null): streams.ReadReq {
  const options = plainOptions(true).setAll(allPlace(before, true)).setCount('1');
  return new streams.ReadReq().setOptions(
    options.setFilter(filterOf(undefined, { window: 1000, checkpointEvery: 1 })),
  );
}

/** A subscription to `$all` after an event (exclusive), or from the beginning. */
export function followRequest(
  after: Position | null,
  prefixes: readonly string[] | undefined,
  search: Search,
): streams.ReadReq {
  const options = plainOptions(false)
    .setAll(allPlace(after, false))
    .setSubscription(new Options.SubscriptionOptions());
  return new streams.ReadReq().setOptions(options.setFilter(filterOf(prefixes, search)));
}

function plainOptions(backward: boolean): streams.ReadReq.Options {
  const uuid = new Options.UUIDOption().setString(new shared.Empty());
  return new Options()
    .setReadDirection(backward ? Options.ReadDirection.BACKWARDS : Options.ReadDirection.FORWARDS)
    .setResolveLinks(false)
    .setUuidOption(uuid);
}

function allPlace(position: Position | null, backward: boolean): streams.ReadReq.Options.AllOptions {
  const place = new Options.AllOptions();
  if (position === null)
    return backward ? place.setEnd(new shared.Empty()) : place.setStart(new shared.Empty());
  const { commit, prepare } = fromPosition(position);
  const at = new Options.Position();
  // Backward a position is where a record ends, and the place between two records has no prepare position.
  at.setCommitPosition(String(commit));
  at.setPreparePosition(String(backward ? commit : prepare));
  return place.setPosition(at);
}

function filterOf(
  prefixes: readonly string[] | undefined,
  search: Search,
): streams.ReadReq.Options.FilterOptions {
  const expression = new Options.FilterOptions.Expression();
  if (prefixes === undefined || prefixes.includes('')) expression.setRegex(NO_SYSTEM_STREAM);
  else if (prefixes.length === 0) expression.setRegex(NO_STREAM);
  else expression.setPrefixList([...prefixes]);
  const filter = new Options.FilterOptions().setStreamIdentifier(expression).setMax(search.window);
  filter.setCheckpointintervalmultiplier(search.checkpointEvery);
  return filter;
}

/** Whether an event that the server let through is one that was asked for: the server compares by culture. */
export const isWanted = (stream: string, prefixes: readonly string[] | undefined): boolean =>
  !stream.startsWith('$') && (prefixes?.some((prefix) => stream.startsWith(prefix)) ?? true);

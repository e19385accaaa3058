/** What the services of one server share. */
import type { Metadata } from '@grpc/grpc-js';
import type { Behaviour } from './behaviour.ts';
import { accessDenied, notLeader, unauthenticated } from './errors.ts';
import type { EventLog } from './event-log.ts';
import type { FaultState } from './faults.ts';
import type { GroupCommit } from './group-commit.ts';
import type { PositionCodec } from './wire.ts';

export interface Node {
  readonly log: EventLog;
  readonly commits: GroupCommit;
  readonly faults: FaultState;
  readonly positions: PositionCodec;
  readonly behaviour: Behaviour;
  /** Names and passwords of those who may come in; everyone may without. */
  readonly users: ReadonlyMap<string, string> | undefined;
  /** Bytes of one append that are still taken. */
  readonly maxAppendBytes: number;
  /** Longest that the server itself waits for an append, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** Events of one stream come with their position in the log. */
  readonly streamReadsCarryPosition: boolean;
  /** Breaks every connection. */
  cut(): void;
  /** Where the leader is, when this node follows one. */
  leader(): { readonly host: string; readonly port: number } | undefined;
}

/** @throws CallFailure when the caller may not come in, or must go to the leader. */
export function admit(node: Node, metadata: Metadata): void {
  authenticate(node, metadata);
  const requiresLeader = String(metadata.get('requires-leader')[0] ?? '').toLowerCase() === 'true';
  const leader = node.faults.leaderFor(requiresLeader) ?? (requiresLeader ? node.leader() : undefined);
  if (leader !== undefined) throw notLeader(leader);
}

function authenticate({ users }: Node, metadata: Metadata): void {
  if (users === undefined) return;
  const header = String(metadata.get('authorization')[0] ?? '');
  if (header === '') throw accessDenied();
  const [name, ...password] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
    .toString('utf8')
    .split(':');
  if (users.get(name ?? '') !== password.join(':')) throw unauthenticated();
}

/** Streams of the server's own, which only its administrators may write. */
export const isSystemStream = (stream: string): boolean => stream.startsWith('$');

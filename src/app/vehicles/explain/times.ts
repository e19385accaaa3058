/** When something comes next for one assignment, from its events in the log. */
import { readEvent } from '../../../domain/events.ts';
import type { RolloutEvent } from '../../../domain/rollout/events.ts';
import type { Span } from '../../../domain/rollout/spans.ts';
import { type AssignmentEvent, isAssignmentEvent, isInFlight } from '../../../domain/rollout/state.ts';
import { shardOf } from '../../../domain/shared/shard.ts';
import { rolloutStream } from '../../../domain/shared/streams.ts';
import type { EventStore } from '../../ports.ts';
import type { AssignmentFacts } from './facts.ts';

export type Times = Pick<AssignmentFacts, 'notBefore' | 'deadline'>;

const NONE: Times = { notBefore: null, deadline: null };

/** @param spans where the assignment's events are in the stream of its rollout. */
export async function timesOf(
  log: Pick<EventStore, 'readStream'>,
  vehicleId: string,
  campaignId: string,
  spans: readonly Span[],
): Promise<Times> {
  const stream = rolloutStream(campaignId, shardOf(vehicleId));
  for (const [first, last] of spans.toReversed()) {
    const within = { direction: 'backward', from: last, limit: last - first + 1 } as const;
    for await (const batch of log.readStream(stream, within))
      for (const { type, schemaVersion, data } of batch) {
        const read = readEvent(type, schemaVersion, data);
        if (!read.known) continue;
        const event = read.event as RolloutEvent;
        if (!isAssignmentEvent(event) || event.data.vehicleId !== vehicleId) continue;
        const times = timesAfter(event);
        if (times !== null) return times;
      }
  }
  return NONE;
}

/** As the assignment is folded: null where an event leaves the times as they were before it. */
function timesAfter(event: AssignmentEvent): Times | null {
  const { from, to } = event.data;
  if (isInFlight(to)) {
    if (event.type === 'UpdateOffered') return { ...NONE, deadline: event.data.validUntil };
    return event.type === 'UpdateAccepted' ? { ...NONE, deadline: event.data.deadline } : null;
  }
  if (to !== 'waiting') return NONE;
  if ('notBefore' in event.data) return { ...NONE, notBefore: event.data.notBefore };
  return from === 'waiting' ? null : NONE;
}

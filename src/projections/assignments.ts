/** Each vehicle's part in each campaign: phase, attempt, offer, last outcome. */
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import type { RolloutEvent } from '../domain/rollout/events.ts';
import { parseStream } from '../domain/shared/streams.ts';

const idOf = (campaignId: string, vehicleId: string): string => `${campaignId}/${vehicleId}`;

/** What an event says beyond its move, as far as a reader of one assignment wants it. */
function outcomeOf(event: RolloutEvent): { code: string; message: string } | null {
  switch (event.type) {
    case 'UpdateFailed':
    case 'UpdateReverted':
    case 'LateOutcomeReported':
      return { code: event.data.code, message: event.data.message };
    case 'UpdateDeclined':
      return { code: event.data.code, message: '' };
    case 'UpdateTimedOut':
      return {
        code: 'timed-out',
        message: `no outcome of the ${event.data.stage} by ${event.data.deadline}`,
      };
    case 'UpdateCancelled':
      return { code: event.data.reason, message: event.data.detail };
    default:
      return null;
  }
}

export const assignments: Projection = {
  name: 'assignments',
  version: 1,
  prefixes: ['rollout-', 'targets-'],
  collections: [{ name: 'assignments', indexes: ['campaignId', 'vehicleId', 'phase'] }],
  keys({ event, recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'rollout' && 'vehicleId' in event.data)
      return [{ collection: 'assignments', id: idOf(ref.campaignId, event.data.vehicleId) }];
    if (event.type !== 'TargetsListed') return [];
    return event.data.targets.map(([vehicleId]) => ({
      collection: 'assignments',
      id: idOf(event.data.campaignId, vehicleId),
    }));
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (event.type === 'TargetsListed') {
      const { campaignId, planId } = event.data;
      for (const [vehicleId, wave, rank, vehicleRevision] of event.data.targets) {
        documents.put('assignments', {
          id: idOf(campaignId, vehicleId),
          campaignId,
          vehicleId,
          planId,
          wave,
          rank,
          vehicleRevision,
          phase: 'waiting',
          attempt: 0,
          offer: 0,
          outcome: null,
          updatedAt: recorded.metadata.time,
        });
      }
      return;
    }
    if (ref.category !== 'rollout' || !('from' in event.data)) return;
    const { vehicleId, wave, attempt, offer, to } = event.data;
    const id = idOf(ref.campaignId, vehicleId);
    const before = documents.get<Document>('assignments', id) ?? { id };
    const outcome = outcomeOf(event as RolloutEvent) ?? before['outcome'] ?? null;
    documents.put('assignments', {
      ...before,
      campaignId: ref.campaignId,
      vehicleId,
      wave,
      phase: to,
      attempt,
      offer,
      outcome: to === 'succeeded' ? null : outcome,
      updatedAt: recorded.metadata.time,
    });
  },
};

/** A campaign as it was: what `GET …/campaigns/{id}` and `…/progress` would have answered then, in one. */
import { z } from 'zod';
import type { Document, EventStore, ReadModelReader } from '../../app/ports.ts';
import { campaignHistory, type Replayed, replay } from '../../app/replay.ts';
import { type Cut, NOTHING_REACHED, type Reached } from '../../domain/shared/cut.ts';
import { campaignStream } from '../../domain/shared/streams.ts';
import { campaigns } from '../../projections/campaigns.ts';
import { countsAt } from '../../projections/history/read.ts';
import type { ProgressDocument } from '../../projections/progress/document.ts';
import { progress } from '../../projections/progress.ts';
import { progressOf, progressSchema } from '../progress.ts';
import { plain } from '../queries.ts';
import { openDocument } from '../schemas.ts';

export const reachedFields = {
  events: z.int().min(0).meta({ description: 'Events of the campaign up to there.' }),
  position: z.string().nullable().meta({
    description: 'Position of the last of them; opaque, `?position=` takes it. Null before the first event.',
  }),
  at: z.string().nullable().meta({ description: 'When the last of them was recorded.' }),
};

export const campaignStateSchema = z
  .object({
    campaignId: z.string(),
    ...reachedFields,
    campaign: openDocument({ id: z.string(), title: z.string(), state: z.string(), revision: z.int() })
      .nullable()
      .meta({
        description: 'As `GET /v1/campaigns/{id}` would have answered; null before the campaign was created.',
      }),
    progress: progressSchema
      .nullable()
      .meta({ description: 'As `GET /v1/campaigns/{id}/progress` would have answered.' }),
  })
  .meta({ id: 'CampaignState' });
export type CampaignStateAt = z.infer<typeof campaignStateSchema>;

/** Everything there is. */
export const NOW: Cut = { instant_ms: Number.MAX_SAFE_INTEGER };

/** From what the read models have kept; null when there is no such campaign. */
export async function campaignStateAt(
  reader: ReadModelReader,
  log: Pick<EventStore, 'readStream'>,
  campaignId: string,
  cut: Cut,
): Promise<CampaignStateAt | null> {
  const counted = await countsAt(reader, campaignId, cut);
  if (counted === null) return null;
  const { progress: counts, ...reached } = counted;
  return stateOf(campaignId, reached, await campaignDocument(log, campaignId, reached), counts);
}

async function campaignDocument(
  log: Pick<EventStore, 'readStream'>,
  campaignId: string,
  { position }: Reached,
): Promise<Document | null> {
  if (position === null) return null;
  const history = log.readStream(campaignStream(campaignId));
  const [replayed] = await replay(history, campaignId, [campaigns], ['campaigns'], [{ position }]);
  return replayed?.documents['campaigns'] ?? null;
}

/**
 * From the log alone, folding every event from the first one on.
 * @param cuts in rising order.
 */
export async function replayStates(
  log: Pick<EventStore, 'readAll'>,
  campaignId: string,
  cuts: readonly Cut[],
): Promise<readonly (CampaignStateAt & Pick<Replayed, 'unknown'>)[]> {
  const history = campaignHistory(log, campaignId);
  const replayed = await replay(history, campaignId, [campaigns, progress], ['campaigns', 'progress'], cuts);
  return replayed.map(({ documents, unknown, ...reached }) => {
    const counts = documents['progress'] as ProgressDocument | undefined;
    return { ...stateOf(campaignId, reached, documents['campaigns'] ?? null, counts ?? null), unknown };
  });
}

function stateOf(
  campaignId: string,
  { events, position, at }: Reached,
  campaign: Document | null,
  counts: ProgressDocument | null,
): CampaignStateAt {
  if (campaign === null) return { campaignId, ...NOTHING_REACHED, campaign: null, progress: null };
  return {
    campaignId,
    events,
    position,
    at,
    campaign: plain(campaign) as CampaignStateAt['campaign'],
    progress: progressOf(campaign, counts),
  };
}

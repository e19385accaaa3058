/** Every decision about the campaign: who, when, why. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { eventName, localTimes, plural, time } from '../lib/format.ts';
import type { HistoryEvent } from '../lib/types.ts';
import type { Tone } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Loaded } from '../ui/states.tsx';

export const historyOf = (id: string) => ({
  queryKey: ['history', id],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<{ readonly items: readonly HistoryEvent[] }>(path`/v1/campaigns/${id}/history`, signal),
});

const TONES: Readonly<Record<string, Tone>> = {
  CampaignApproved: 'good',
  CampaignCompleted: 'good',
  WaveConfirmed: 'good',
  CampaignPaused: 'warn',
  ApprovalVoided: 'warn',
  AbortRequested: 'bad',
  CampaignAborted: 'bad',
  TargetsFreezeFailed: 'bad',
  CampaignStarted: 'run',
  WaveReleased: 'run',
  CampaignResumed: 'run',
};

const GATE_TONES: Readonly<Record<string, Tone>> = {
  passed: 'good',
  failed: 'bad',
  held: 'warn',
  soaking: 'run',
};

export const toneOfEvent = ({ type, data }: HistoryEvent): Tone =>
  type === 'GateDecided' ? (GATE_TONES[String(data['outcome'])] ?? 'warn') : (TONES[type] ?? 'idle');

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One sentence about what an event says beyond its name. */
export function detailOf({ type, data }: HistoryEvent): string {
  const wave = data['wave'] === undefined ? '' : `Wave ${String(data['wave'])}`;
  const outcome = text(data['outcome']).replaceAll('-', ' ');
  const said = text(data['reason']) || text(data['note']) || text(data['query']);
  const frozen =
    type === 'TargetsFrozen'
      ? `${plural(Number(data['targets']), 'vehicle')}, digest ${text(data['digest']).slice(0, 12)}…`
      : '';
  return [wave, outcome, said, frozen].filter(Boolean).join(': ');
}

export function HistoryTab({ campaignId }: { readonly campaignId: string }) {
  const history = useQuery({ ...historyOf(campaignId), refetchInterval: 10_000 });
  const rows = () =>
    (history.data?.items ?? []).map((event) => [event.time, event.type, event.actor.id, detailOf(event)]);
  return (
    <Card
      title="Decisions"
      aside={
        <span className="row">
          <TakeTable name={`${campaignId}-decisions`} head={['Time', 'Event', 'By', 'Why']} rows={rows} />
          <a href={path`/v1/campaigns/${campaignId}/report.html`}>Report</a>
          <a href={path`/v1/campaigns/${campaignId}/evidence`} download={`${campaignId}-evidence.json`}>
            Evidence (UN R156)
          </a>
          <a href={path`/v1/campaigns/${campaignId}/events`} download={`${campaignId}.ndjson`}>
            Every event (NDJSON)
          </a>
        </span>
      }
    >
      <Loaded query={history} what="the decisions">
        {({ items }) => (
          <ol className="timeline">
            {[...items].reverse().map((event) => (
              <li key={event.id} className={toneOfEvent(event)}>
                <span className="knot">
                  <i />
                </span>
                <div className="what">
                  <div className="row">
                    <h3>{eventName(event.type)}</h3>
                    <span className="small quiet">
                      {time(event.time)} · {event.actor.id}
                    </span>
                  </div>
                  <p className="small">{localTimes(detailOf(event))}</p>
                </div>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Card>
  );
}

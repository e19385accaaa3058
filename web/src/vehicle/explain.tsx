/** Why this vehicle gets a campaign, or does not. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { time, timeIn } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Vehicle } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

interface Explanation {
  readonly campaignState: string;
  readonly targeted: boolean;
  /** The first decides. */
  readonly why: readonly { readonly code: string; readonly message: string; readonly until: string | null }[];
  readonly now: {
    readonly matchesQuery: boolean;
    readonly clauses: readonly { readonly clause: string; readonly holds: boolean }[];
    readonly compatible: boolean;
    readonly satisfied: boolean;
  } | null;
}

export function Explain({ vehicle }: { readonly vehicle: Vehicle }) {
  const [asked, setAsked] = useQueryState('campaign');
  const campaigns = useQuery(campaignsOf());
  const all = campaigns.data?.items ?? [];
  const chosen = asked === '' ? (all[0]?.id ?? '') : asked;
  return (
    <Card title="Why, and why not">
      <div className="stack">
        <div className="field">
          <label htmlFor="explain">Campaign</label>
          <select
            id="explain"
            className="input"
            value={chosen}
            onChange={(event) => setAsked(event.target.value)}
          >
            {all.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </div>
        {chosen === '' ? (
          <Empty>There is no campaign to ask about.</Empty>
        ) : (
          <Answer vehicle={vehicle.id} zone={vehicle.timeZone} campaign={chosen} />
        )}
      </div>
    </Card>
  );
}

interface AnswerProps {
  readonly vehicle: string;
  readonly zone: string;
  readonly campaign: string;
}

function Answer({ vehicle, zone, campaign }: AnswerProps) {
  const explanation = useQuery({
    queryKey: ['explain', vehicle, campaign],
    queryFn: ({ signal }) =>
      get<Explanation>(
        `${path`/v1/vehicles/${vehicle}/explain`}?campaign=${encodeURIComponent(campaign)}`,
        signal,
      ),
    refetchInterval: 10_000,
  });
  return (
    <Loaded query={explanation} what="the reasons">
      {({ targeted, why, now, campaignState }) => (
        <div className="stack">
          <ol className="why" aria-label="Reasons">
            {why.map(({ code, message, until }) => (
              <li key={code + message}>
                {readable(message)}
                {until === null ? null : (
                  <span className="small quiet">
                    {' '}
                    Until {time(until)} · {timeIn(until, zone)}
                  </span>
                )}
              </li>
            ))}
          </ol>
          <dl className="pairs">
            <dt>Campaign</dt>
            <dd>
              <Badge state={campaignState} />
            </dd>
            <dt>Among its targets</dt>
            <dd>{targeted ? 'Yes, in the list that was frozen for it' : 'No'}</dd>
            {now === null ? null : <Now now={now} />}
          </dl>
        </div>
      )}
    </Loaded>
  );
}

const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Times in sentences of the server are as machines write them. */
const readable = (message: string): string => message.replaceAll(INSTANT, (at) => time(at));

/** As the vehicle is now, which may differ from what it was listed on. */
function Now({ now }: { readonly now: NonNullable<Explanation['now']> }) {
  const state = now.satisfied
    ? 'It has the update'
    : now.compatible
      ? 'It could take it'
      : 'It can’t take it';
  return (
    <>
      <dt>Its query now</dt>
      <dd>
        {now.matchesQuery ? 'Matches' : 'Does not match'}
        <ul className="clauses" aria-label="Comparisons of the query">
          {now.clauses.map(({ clause, holds }) => (
            <li key={clause} className={holds ? 'holds' : 'fails'}>
              <code>{clause}</code>
              <span className="small quiet">{holds ? ' holds' : ' does not hold'}</span>
            </li>
          ))}
        </ul>
      </dd>
      <dt>As it is now</dt>
      <dd>{state}</dd>
    </>
  );
}

/** Why this vehicle gets a campaign, or does not. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { words } from '../lib/format.ts';
import { campaignsOf } from '../lib/lists.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Assignment, Vehicle } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

interface Explanation {
  readonly campaignState: string;
  readonly targeted: boolean;
  readonly assignment: Assignment | null;
  readonly now: {
    readonly matchesQuery: boolean;
    readonly compatible: boolean;
    readonly reasons: readonly string[];
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
          <Answer vehicle={vehicle.id} campaign={chosen} />
        )}
      </div>
    </Card>
  );
}

function Answer({ vehicle, campaign }: { readonly vehicle: string; readonly campaign: string }) {
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
      {({ targeted, assignment, now, campaignState }) => (
        <dl className="pairs">
          <dt>Campaign</dt>
          <dd>
            <Badge state={campaignState} />
          </dd>
          <dt>Among its targets</dt>
          <dd>{targeted ? 'Yes, in the list that was frozen for it' : 'No'}</dd>
          {assignment === null ? null : (
            <>
              <dt>Stands at</dt>
              <dd>
                <Badge state={assignment.phase} /> wave {assignment.wave}, attempt {assignment.attempt}
                {assignment.outcome === null ? null : (
                  <div className="small">
                    {assignment.outcome.code}: {assignment.outcome.message}
                  </div>
                )}
              </dd>
            </>
          )}
          {now === null ? null : (
            <>
              <dt>As it is now</dt>
              <dd>
                {now.matchesQuery ? 'It matches the query' : 'It does not match the query'}
                {now.matchesQuery ? (now.compatible ? ' and could take it' : " but can't take it") : ''}
                {now.reasons.map((code) => (
                  <div key={code} className="small">
                    {words(code)}
                  </div>
                ))}
              </dd>
            </>
          )}
        </dl>
      )}
    </Loaded>
  );
}

/** Other waves, gates and rates over the record: when would it have stopped, and what would that have spared? */
import { Link } from '../lib/router.tsx';
import type { Campaign } from '../lib/types.ts';
import { Empty, Loaded } from '../ui/states.tsx';
import { AnswerView } from './answer.tsx';
import { QuestionForm } from './question-form.tsx';
import { useQuestion, useWhatIf } from './use-what-if.ts';

export default function WhatIfTab({ campaign }: { readonly campaign: Campaign }) {
  if (campaign.started) return <WhatIf campaign={campaign} />;
  return (
    <Empty>
      <p>There is no record to calculate over before the campaign is started.</p>
      <Link to={`/campaigns/${encodeURIComponent(campaign.id)}?tab=plan`}>To its plan</Link>
    </Empty>
  );
}

function WhatIf({ campaign }: { readonly campaign: Campaign }) {
  const asking = useQuestion(campaign);
  const answer = useWhatIf(campaign, asking);
  return (
    <div className="stack">
      <p className="notice run">
        <span>
          <strong>This is a calculation.</strong> It runs the campaign once more, by what is on record of each
          vehicle, under another plan. Nothing is changed, and nothing is sent to any vehicle.
        </span>
      </p>
      <div className="what-if">
        <QuestionForm asking={asking} windowed={campaign.policy.window !== null} />
        <Loaded query={answer} what="the record of every vehicle">
          {(found) => <AnswerView answer={found} stale={answer.isFetching} />}
        </Loaded>
      </div>
    </div>
  );
}

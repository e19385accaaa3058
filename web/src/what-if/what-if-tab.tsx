/** Other waves, gates and rates over the record: when would it have stopped, and what would that have spared? */
import { placedBy } from '../lib/placed.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign } from '../lib/types.ts';
import { FieldErrors } from '../ui/field.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { errorsIn } from '../ui/use-placed.ts';
import { AnswerView } from './answer.tsx';
import { fieldOf } from './question.ts';
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
  const refused = placedBy(errorsIn(answer.error), (at) => fieldOf(at, asking.question.waves));
  return (
    <div className="stack">
      <p className="notice run">
        <span>
          <strong>This is a calculation.</strong> It runs the campaign once more, by what is on record of each
          vehicle, under another plan. Nothing is changed, and nothing is sent to any vehicle.
        </span>
      </p>
      <div className="what-if">
        <FieldErrors value={refused.at}>
          <QuestionForm asking={asking} windowed={campaign.policy.window !== null} />
        </FieldErrors>
        <Loaded query={answer} what="the record of every vehicle" placed={refused.paths}>
          {(found) => <AnswerView answer={found} stale={answer.isFetching} />}
        </Loaded>
      </div>
    </div>
  );
}

/** Planning: write it, see whom it selects, freeze it; then another person looks at exactly that and approves. */
import { useState } from 'react';
import { useCampaign } from '../campaign/use-campaign.ts';
import { Link } from '../lib/router.tsx';
import { Loaded } from '../ui/states.tsx';
import { draftOf, emptyDraft } from './draft.ts';
import { PlanForm } from './plan-form.tsx';
import { PlanReview } from './plan-review.tsx';

export default function PlanPage({ id }: { readonly id: string | undefined }) {
  if (id !== undefined) return <Existing id={id} />;
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Plan a campaign</h1>
          <p className="quiet">
            Nothing is sent to any vehicle before another person has approved the plan and it is started.
          </p>
        </div>
      </div>
      <PlanForm initial={emptyDraft()} campaign={null} />
    </>
  );
}

const PLANNING = ['created', 'targeting-defined', 'targets-frozen', 'approved', 'scheduled'];

function Existing({ id }: { readonly id: string }) {
  const campaign = useCampaign(id);
  const [editing, setEditing] = useState(false);
  return (
    <Loaded query={campaign} what="the plan">
      {(found) =>
        editing || found.query === null ? (
          <>
            <div className="page-head">
              <div>
                <h1>{found.title}</h1>
                <p className="quiet">
                  {found.approval === null
                    ? 'Not approved yet.'
                    : 'It is approved: any change voids the approval.'}
                </p>
              </div>
              {found.query === null ? null : (
                <button type="button" className="button" onClick={() => setEditing(false)}>
                  Back to the review
                </button>
              )}
            </div>
            <PlanForm initial={draftOf(found)} campaign={found} onSaved={() => setEditing(false)} />
          </>
        ) : (
          <>
            <PlanReview
              campaign={found}
              onEdit={PLANNING.includes(found.state) ? () => setEditing(true) : null}
            />
            <p className="small">
              <Link to={`/campaigns/${encodeURIComponent(id)}`}>To the campaign</Link>
            </p>
          </>
        )
      }
    </Loaded>
  );
}

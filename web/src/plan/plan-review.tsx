/** The plan as an approver sees it: everything that the approval covers, and what is new since the last one. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Actions } from '../campaign/actions.tsx';
import { historyOf } from '../campaign/history-tab.tsx';
import { PlanView } from '../campaign/plan-tab.tsx';
import { campaignKey } from '../campaign/use-campaign.ts';
import { command, newKey, path } from '../lib/api.ts';
import { counted } from '../lib/format.ts';
import { neededRoles } from '../lib/may.ts';
import { useMay, useSession } from '../lib/session.ts';
import type { Campaign } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Dialog, Effects, ReasonField } from '../ui/dialog.tsx';
import { Loaded } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { type Change, changesSinceApproval } from './changes.ts';

interface ReviewProps {
  readonly campaign: Campaign;
  readonly onEdit: (() => void) | null;
}

export function PlanReview({ campaign, onEdit }: ReviewProps) {
  const may = useMay();
  return (
    <>
      <div className="page-head">
        <div>
          <div className="row">
            <h1>{campaign.title}</h1>
            <Badge state={campaign.state} />
          </div>
          <p className="small quiet">
            <code>{campaign.id}</code> · planned by {campaign.authors.join(', ')}
          </p>
        </div>
        <div className="row">
          {onEdit === null || !may('createCampaign') ? null : (
            <button type="button" className="button" onClick={onEdit}>
              Change the plan
            </button>
          )}
          {campaign.state === 'targets-frozen' ? <Approve campaign={campaign} /> : null}
          {['approved', 'scheduled'].includes(campaign.state) ? (
            <Actions campaign={campaign} progress={null} />
          ) : null}
        </div>
      </div>
      <PlanView campaign={campaign}>
        <Changes campaign={campaign} />
      </PlanView>
    </>
  );
}

const CHANGE_HEAD = ['What', 'Then', 'Now'];

function Changes({ campaign }: { readonly campaign: Campaign }) {
  const history = useQuery({
    ...historyOf(campaign.id),
    queryKey: ['history', campaign.id, campaign.revision],
  });
  const changes = history.data === undefined ? null : changesSinceApproval(history.data.items);
  return (
    <Card
      title="Since the last approval"
      aside={
        changes === null || changes.length === 0 ? undefined : (
          <TakeTable
            name={`${campaign.id}-changes`}
            head={CHANGE_HEAD}
            rows={() => changes.map(({ what, before, now }) => [what, before, now])}
          />
        )
      }
    >
      <Loaded query={history} what="what has changed">
        {() =>
          changes === null ? (
            <p className="quiet">This plan has never been approved.</p>
          ) : changes.length === 0 ? (
            <p className="quiet">Nothing has changed since it was approved.</p>
          ) : (
            <ChangeTable changes={changes} />
          )
        }
      </Loaded>
    </Card>
  );
}

function ChangeTable({ changes }: { readonly changes: readonly Change[] }) {
  return (
    <Table label="Changes" head={CHANGE_HEAD} className="changed">
      {changes.map(({ what, before, now }) => (
        <tr key={what}>
          <td className="mono small">{what}</td>
          <td className="small">
            <del>{before}</del>
          </td>
          <td className="small">
            <ins>{now}</ins>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Approve({ campaign }: { readonly campaign: Campaign }) {
  const client = useQueryClient();
  const may = useMay();
  const person = useSession().data?.person;
  /** The plan that was looked at; null while nobody is asked. */
  const [looked, setLooked] = useState<Campaign | null>(null);
  const [note, setNote] = useState('');
  const [key] = useState(newKey);
  const own = person !== undefined && campaign.authors.includes(person);
  const approving = useMutation({
    // A plan that was changed since it was looked at is not approved.
    mutationFn: ({ revision, planDigest }: Campaign) =>
      command(path`/v1/campaigns/${campaign.id}/approve`, { body: { note, planDigest }, revision, key }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: campaignKey(campaign.id) });
      setLooked(null);
    },
  });
  const why = own
    ? 'Nobody approves their own plan'
    : may('approveCampaign')
      ? null
      : `Needs the role ${neededRoles('approveCampaign')}`;
  return (
    <>
      {why === null ? null : <span className="small quiet">{why}.</span>}
      <button
        type="button"
        className="button primary"
        disabled={why !== null}
        onClick={() => setLooked(campaign)}
      >
        Approve…
      </button>
      {looked === null ? null : (
        <Dialog
          title="Approve the plan"
          verb="Approve"
          busy={approving.isPending}
          error={approving.error}
          onSubmit={() => approving.mutate(looked)}
          onClose={() => setLooked(null)}
        >
          <Effects
            lines={[
              counted(
                looked.targets?.targets ?? 0,
                'vehicle may get it once the campaign is started',
                'vehicles may get it once the campaign is started',
              ),
              counted(looked.waves.length, 'wave, with its gate', 'waves, each with its gate'),
              counted(
                looked.policy.artifacts.length,
                `artifact: ${looked.policy.artifacts.join(', ')}`,
                `artifacts: ${looked.policy.artifacts.join(', ')}`,
              ),
            ]}
          />
          <p className="small quiet">
            The approval covers policy, query and list of targets; their digest is{' '}
            <code>{looked.planDigest?.slice(0, 16)}…</code> A later change of any of them voids it.
          </p>
          <ReasonField label="Note" required={false} value={note} onChange={setNote} />
        </Dialog>
      )}
    </>
  );
}

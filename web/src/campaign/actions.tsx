/** What a person can do with the campaign now. Nothing is done before its effect was said in numbers. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { command, newKey, path } from '../lib/api.ts';
import { plural } from '../lib/format.ts';
import { type Action, neededRoles } from '../lib/may.ts';
import { Link } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Campaign, Progress } from '../lib/types.ts';
import { Dialog, Effects, ReasonField } from '../ui/dialog.tsx';
import { effectsOf, type Verb } from './effects.ts';
import { campaignKey } from './use-campaign.ts';

interface Offered {
  readonly verb: Verb;
  readonly action: Action;
  readonly text: string;
  readonly danger?: boolean;
  readonly primary?: boolean;
}

const OFFERED: readonly (Offered & { readonly states: readonly string[] })[] = [
  { verb: 'start', action: 'startCampaign', text: 'Start', primary: true, states: ['approved', 'scheduled'] },
  { verb: 'pause', action: 'pauseCampaign', text: 'Pause', states: ['running'] },
  { verb: 'resume', action: 'resumeCampaign', text: 'Resume', primary: true, states: ['paused'] },
  { verb: 'abort', action: 'abortCampaign', text: 'Abort', danger: true, states: ['running', 'paused'] },
];

/** Waves that wait for a person. */
const WAITS = ['held', 'awaiting-confirmation'];

export function Actions({
  campaign,
  progress,
}: {
  readonly campaign: Campaign;
  readonly progress: Progress | null;
}) {
  const may = useMay();
  const [open, setOpen] = useState<Verb | null>(null);
  const state = progress?.state ?? campaign.state;
  const waiting = campaign.waves.find((wave) => WAITS.includes(wave.state));
  const offered: readonly Offered[] = [
    ...(waiting === undefined
      ? []
      : [
          {
            verb: 'confirm-wave' as const,
            action: 'confirmWave' as const,
            text: `Let wave ${waiting.wave} pass`,
            primary: true,
          },
        ]),
    ...OFFERED.filter(({ states }) => states.includes(state)),
  ];
  const lacking = [
    ...new Set(offered.filter(({ action }) => !may(action)).map(({ action }) => neededRoles(action))),
  ];
  return (
    <div className="row">
      {['created', 'targets-frozen', 'targeting-defined'].includes(state) ? (
        <Link className="button" to={path`/plan/${campaign.id}`}>
          {state === 'targets-frozen' ? 'Look at the plan and approve' : 'Go on planning'}
        </Link>
      ) : null}
      {lacking.length === 0 ? null : (
        <span className="small quiet">Needs the role {lacking.join('; ')}.</span>
      )}
      {offered.map(({ verb, action, text, danger, primary }) => (
        <button
          key={verb}
          type="button"
          className={`button ${danger === true ? 'danger' : primary === true ? 'primary' : ''}`}
          disabled={!may(action)}
          onClick={() => setOpen(verb)}
        >
          {text}…
        </button>
      ))}
      {open === null ? null : (
        <CommandDialog
          campaign={campaign}
          progress={progress}
          verb={open}
          wave={waiting?.wave ?? 0}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}

interface CommandProps {
  readonly campaign: Campaign;
  readonly progress: Progress | null;
  readonly verb: Verb;
  readonly wave: number;
  readonly onClose: () => void;
}

interface Halted {
  readonly halted?: boolean;
  readonly missingShards?: readonly number[];
}

function CommandDialog({ campaign, progress, verb, wave, onClose }: CommandProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  // One intention, one key: pressing twice does it once.
  const [key] = useState(newKey);
  const { title, button, halts, does, body, needsReason, note } = effectsOf(verb, campaign, progress, wave);
  const doing = useMutation({
    mutationFn: () =>
      command<Halted>(path`/v1/campaigns/${campaign.id}/${verb}`, { body: body(reason.trim()), key }),
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: campaignKey(campaign.id) });
      if (answer.halted !== false) onClose();
    },
  });
  const missing = doing.data?.missingShards ?? [];
  return (
    <Dialog
      title={title}
      verb={button}
      danger={verb === 'abort'}
      busy={doing.isPending}
      {...(halts ? { busyText: 'Waiting until it has stopped…' } : {})}
      ready={!needsReason || reason.trim() !== ''}
      error={doing.error}
      onSubmit={() => doing.mutate()}
      onClose={onClose}
    >
      <Effects lines={does} />
      {note === null ? null : <p className="small quiet">{note}</p>}
      {needsReason || verb === 'resume' || verb === 'confirm-wave' ? (
        <ReasonField
          label={needsReason ? 'Reason' : 'Note'}
          required={needsReason}
          value={reason}
          onChange={setReason}
        />
      ) : null}
      {missing.length === 0 ? null : (
        <Missing>
          It is recorded, but {plural(missing.length, 'shard')} did not confirm in time. Nothing new is
          offered there once that is done; ask again to wait for it.
        </Missing>
      )}
    </Dialog>
  );
}

const Missing = ({ children }: { readonly children: ReactNode }) => (
  <p className="notice warn" role="alert">
    <span>{children}</span>
  </p>
);

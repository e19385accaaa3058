/** The emergency stop, and lifting it. Never far away, never one slip away. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { finishing } from '../campaign/effects.ts';
import { command, newKey } from '../lib/api.ts';
import { counted, plural } from '../lib/format.ts';
import { neededRoles } from '../lib/may.ts';
import { inFlightOf } from '../lib/progress.ts';
import { useQueryState } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Campaign, FleetStatus, Progress } from '../lib/types.ts';
import { FLEET_KEY } from '../shell/banners.tsx';
import { Dialog, Effects, ReasonField } from '../ui/dialog.tsx';
import { useProgressOf } from './use-campaigns.ts';

interface EmergencyProps {
  readonly fleet: FleetStatus;
  readonly running: readonly Campaign[];
}

export function EmergencyControl({ fleet, running }: EmergencyProps) {
  const may = useMay();
  const [asked, setAsked] = useQueryState('stop');
  const { active } = fleet.emergencyStop;
  const action = active ? 'liftEmergency' : 'stopEmergency';
  // A link can be followed by anybody.
  const shown = may(action) && asked === (active ? 'lift' : 'yes');
  return (
    <>
      <button
        type="button"
        className="button danger"
        disabled={!may(action)}
        title={may(action) ? undefined : `Needs the role ${neededRoles(action)}`}
        onClick={() => setAsked(active ? 'lift' : 'yes')}
      >
        {active ? 'Lift the emergency stop…' : 'Emergency stop…'}
      </button>
      {shown ? <EmergencyDialog lifting={active} running={running} onClose={() => setAsked('')} /> : null}
    </>
  );
}

interface EmergencyDialogProps extends Omit<EmergencyProps, 'fleet'> {
  readonly lifting: boolean;
  readonly onClose: () => void;
}

interface Stopped {
  readonly halted?: boolean;
  readonly missing?: readonly unknown[];
}

function EmergencyDialog({ lifting, running, onClose }: EmergencyDialogProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [key] = useState(newKey);
  const progress = useProgressOf(running);
  const sum = (of: (one: Progress) => number): number =>
    progress.reduce((total, one) => total + (one === undefined ? 0 : of(one)), 0);
  const doing = useMutation({
    mutationFn: () =>
      command<Stopped>(`/v1/fleet/${lifting ? 'emergency-lift' : 'emergency-stop'}`, {
        body: { reason: reason.trim() },
        key,
      }),
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: FLEET_KEY });
      if (answer.halted !== false) onClose();
    },
  });
  const open = sum(({ byPhase }) => (byPhase['offered'] ?? 0) + (byPhase['accepted'] ?? 0));
  const lines: readonly (readonly [string, string])[] = lifting
    ? [
        counted(
          running.filter(({ state }) => state === 'running').length,
          'running campaign goes on with new offers',
          'running campaigns go on with new offers',
        ),
      ]
    : [
        counted(
          running.length,
          'campaign under way stops offering and granting, until it is lifted',
          'campaigns under way stop offering and granting, until it is lifted',
        ),
        counted(
          open,
          'vehicle with an open offer or an acceptance gets no permission to download',
          'vehicles with an open offer or an acceptance get no permission to download',
        ),
        finishing(sum(({ byPhase }) => inFlightOf(byPhase)) - open),
      ];
  return (
    <Dialog
      title={lifting ? 'Lift the emergency stop' : 'Stop everything, in every campaign'}
      verb={lifting ? 'Lift it' : 'Stop everything'}
      danger={!lifting}
      busy={doing.isPending}
      busyText="Waiting until it has stopped…"
      ready={reason.trim() !== ''}
      error={doing.error}
      onSubmit={() => doing.mutate()}
      onClose={onClose}
    >
      <Effects lines={lines} />
      <ReasonField value={reason} onChange={setReason} />
      {doing.data?.halted === false ? (
        <p className="notice warn" role="alert">
          <span>
            It is recorded, but shards of {plural(doing.data.missing?.length ?? 0, 'campaign')} have not
            confirmed yet.
          </span>
        </p>
      ) : null}
    </Dialog>
  );
}

/** Validating and releasing: by others than who made it, and never in one step. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { command, newKey, path } from '../lib/api.ts';
import { counted } from '../lib/format.ts';
import { neededRoles } from '../lib/may.ts';
import { useMay } from '../lib/session.ts';
import type { Artifact } from '../lib/types.ts';
import { Dialog, Effects } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { SelectField } from '../ui/select.tsx';

type Verb = 'validate' | 'release';

export function ArtifactActions({ artifact }: { readonly artifact: Artifact }) {
  const may = useMay();
  const [open, setOpen] = useState<Verb | null>(null);
  const verb: Verb | null =
    artifact.state === 'registered' ? 'validate' : artifact.state === 'validated' ? 'release' : null;
  if (verb === null) return null;
  const action = verb === 'validate' ? 'validateArtifact' : 'releaseArtifact';
  const allowed = may(action) && artifact.files.length > 0;
  const why = !may(action)
    ? `Needs the role ${neededRoles(action)}`
    : artifact.files.length === 0
      ? 'Upload its files first'
      : '';
  return (
    <div className="row">
      {why === '' ? null : <span className="small quiet">{why}.</span>}
      <button type="button" className="button primary" disabled={!allowed} onClick={() => setOpen(verb)}>
        {verb === 'validate' ? 'Validate…' : 'Release…'}
      </button>
      {open === null ? null : <ActionDialog artifact={artifact} verb={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface ActionProps {
  readonly artifact: Artifact;
  readonly verb: Verb;
  readonly onClose: () => void;
}

function ActionDialog({ artifact, verb, onClose }: ActionProps) {
  const client = useQueryClient();
  const [tool, setTool] = useState('');
  const [verdict, setVerdict] = useState('passed');
  const [key] = useState(newKey);
  const doing = useMutation({
    mutationFn: () =>
      command(path`/v1/artifacts/${artifact.id}/${verb}`, {
        body: verb === 'validate' ? { tool: tool.trim(), toolVerdict: verdict } : {},
        revision: artifact.revision,
        key,
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['artifact', artifact.id] });
      onClose();
    },
  });
  return (
    <Dialog
      title={verb === 'validate' ? 'Validate the artifact' : 'Release the artifact'}
      verb={verb === 'validate' ? 'Validate' : 'Release'}
      busy={doing.isPending}
      ready={verb === 'release' || tool.trim() !== ''}
      error={doing.error}
      onSubmit={() => doing.mutate()}
      onClose={onClose}
    >
      {verb === 'release' ? (
        <Effects
          lines={[
            counted(
              artifact.files.length,
              'file, exactly as validated, becomes usable by campaigns',
              'files, exactly as validated, become usable by campaigns',
            ),
          ]}
        />
      ) : (
        <>
          <p>
            The server checks files, digests, signatures, dependencies and requirements; your tool’s verdict
            is one more.
          </p>
          <TextField id="tool" label="Tool" placeholder="bench-rig 3" value={tool} onChange={setTool} />
          <SelectField
            id="verdict"
            label="Its verdict"
            value={verdict}
            options={['passed', 'failed']}
            onChange={setVerdict}
          />
        </>
      )}
    </Dialog>
  );
}

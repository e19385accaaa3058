/** A new artifact: what it is for. Its files are uploaded next, on its own page. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { command, newKey, path } from '../lib/api.ts';
import { navigate } from '../lib/router.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { SelectField } from '../ui/select.tsx';

const EMPTY = {
  name: '',
  version: '',
  kind: 'firmware',
  ecuType: '',
  component: 'main',
  releaseType: 'routine',
  releaseNotes: '',
  hardware: '',
  previous: '',
  regions: '',
};
type Fields = typeof EMPTY;

const listOf = (text: string): readonly string[] =>
  text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter(Boolean);

const bodyOf = (fields: Fields): object => ({
  kind: fields.kind,
  target: { ecuType: fields.ecuType, component: fields.component },
  releaseType: fields.releaseType,
  releaseNotes: fields.releaseNotes,
  requirements: {
    hardware: listOf(fields.hardware).map((part) => ({ part, versions: null })),
    ...(fields.previous === '' ? {} : { previousSoftware: { range: fields.previous } }),
    ...(fields.regions === '' ? {} : { regions: listOf(fields.regions) }),
  },
});

export function Register({ onClose }: { readonly onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState(EMPTY);
  const [key] = useState(newKey);
  const id = `${fields.name}@${fields.version}`;
  const set = (name: keyof Fields) => (value: string) =>
    setFields((before) => ({ ...before, [name]: value }));
  const registering = useMutation({
    mutationFn: () =>
      command(path`/v1/artifacts/${id}`, { method: 'PUT', body: bodyOf(fields), key: `${key}-${id}` }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['artifacts'] });
      navigate(path`/artifacts/${id}`);
    },
  });
  return (
    <Dialog
      title="Register an artifact"
      verb="Register"
      busy={registering.isPending}
      ready={fields.name !== '' && fields.version !== '' && fields.ecuType !== ''}
      error={registering.error}
      onSubmit={() => registering.mutate()}
      onClose={onClose}
    >
      <Fieldset fields={fields} set={set} />
    </Dialog>
  );
}

interface FieldsetProps {
  readonly fields: Fields;
  readonly set: (name: keyof Fields) => (value: string) => void;
}

function Fieldset({ fields, set }: FieldsetProps) {
  return (
    <>
      <div className="columns">
        <TextField
          id="a-name"
          label="Name"
          placeholder="tcm-firmware"
          value={fields.name}
          onChange={set('name')}
        />
        <TextField
          id="a-version"
          label="Version"
          placeholder="2.1.0"
          value={fields.version}
          onChange={set('version')}
        />
        <TextField
          id="a-ecu"
          label="ECU type"
          placeholder="TCM"
          value={fields.ecuType}
          onChange={set('ecuType')}
        />
        <TextField id="a-part" label="Component" value={fields.component} onChange={set('component')} />
        <SelectField
          id="a-kind"
          label="Kind"
          value={fields.kind}
          options={['firmware', 'application', 'configuration']}
          onChange={set('kind')}
        />
        <SelectField
          id="a-type"
          label="Release type"
          value={fields.releaseType}
          options={['routine', 'critical']}
          onChange={set('releaseType')}
        />
      </div>
      <TextField
        id="a-hw"
        label="Hardware parts"
        hint="Parted by commas; all their versions."
        value={fields.hardware}
        onChange={set('hardware')}
      />
      <TextField
        id="a-prev"
        label="Software before"
        placeholder=">=2.0.0 <2.1.0"
        value={fields.previous}
        onChange={set('previous')}
      />
      <TextField
        id="a-regions"
        label="Regions"
        placeholder="DE, FR"
        value={fields.regions}
        onChange={set('regions')}
      />
      <TextField
        id="a-notes"
        label="Release notes"
        value={fields.releaseNotes}
        onChange={set('releaseNotes')}
      />
    </>
  );
}

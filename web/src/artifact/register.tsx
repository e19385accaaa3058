/** A new artifact: what it is for. Its files are uploaded next, on its own page. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { command, newKey, path } from '../lib/api.ts';
import { type FieldError, isAt, type Placed, placedBy } from '../lib/placed.ts';
import { navigate } from '../lib/router.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FieldErrors, TextField } from '../ui/field.tsx';
import { SelectField } from '../ui/select.tsx';
import { usePlaced } from '../ui/use-placed.ts';

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

/** JSON Pointers of a registration; the address is made of name and version. */
const FIELDS: readonly (readonly [pointer: string, field: string])[] = [
  ['/path/artifactId', 'a-name'],
  ['/name', 'a-name'],
  ['/version', 'a-version'],
  ['/target/ecuType', 'a-ecu'],
  ['/target/component', 'a-part'],
  ['/requirements/hardware', 'a-hw'],
  ['/requirements/previousSoftware', 'a-prev'],
  ['/requirements/regions', 'a-regions'],
  ['/releaseNotes', 'a-notes'],
];

const NAMING = 'Small letters, digits and . _ - here; letters, digits and . + _ - in the version.';

const place = (errors: readonly FieldError[]): Placed =>
  placedBy(
    errors.map((error) => (error.path === '/path/artifactId' ? { ...error, message: NAMING } : error)),
    (at) => FIELDS.find(([pointer]) => isAt(at, pointer))?.[1] ?? null,
  );

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
  const form = useRef<HTMLDivElement>(null);
  const refused = usePlaced(registering.error, place, form);
  return (
    <Dialog
      title="Register an artifact"
      verb="Register"
      busy={registering.isPending}
      ready={fields.name !== '' && fields.version !== '' && fields.ecuType !== ''}
      error={registering.error}
      placed={refused.paths}
      onSubmit={() => registering.mutate()}
      onClose={onClose}
    >
      <div className="dialog-fields" ref={form}>
        <FieldErrors value={refused.at}>
          <Fieldset fields={fields} set={set} />
        </FieldErrors>
      </div>
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
      <div className="pair-of-fields">
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
        placeholder="TCM-100, TCM-110"
        hint="With commas between them. Empty = any."
        value={fields.hardware}
        onChange={set('hardware')}
      />
      <TextField
        id="a-prev"
        label="Software before"
        hint="Versions that it can follow. Empty = any."
        placeholder=">=2.0.0 <2.1.0"
        value={fields.previous}
        onChange={set('previous')}
      />
      <TextField
        id="a-regions"
        label="Regions"
        hint="Where it is approved. Empty = everywhere."
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

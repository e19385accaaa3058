import { FieldError, TextField, useInvalid } from '../ui/field.tsx';
import { SelectField } from '../ui/select.tsx';
import { moveWave, type WaveDraft, withWave } from './draft.ts';

interface EditorProps {
  readonly waves: readonly WaveDraft[];
  readonly onChange: (waves: readonly WaveDraft[]) => void;
}

/** Once the waves are drawn in their new order: the browser lets go of what is moved. */
const focusSoon = (...ids: readonly string[]): void => {
  requestAnimationFrame(() => {
    const found = ids.map((id) => document.getElementById(id));
    found.find((one) => one !== null && !one.matches(':disabled'))?.focus();
  });
};

export function WaveEditor({ waves, onChange }: EditorProps) {
  const change = (key: string, fields: Partial<WaveDraft>): void =>
    onChange(waves.map((wave) => (wave.key === key ? { ...wave, ...fields } : wave)));
  const add = (): void => {
    const next = withWave(waves);
    onChange(next);
    const added = next.find(({ key }) => !waves.some((wave) => wave.key === key));
    if (added !== undefined) focusSoon(`wave-${added.key}-name`);
  };
  return (
    <div>
      {waves.map((wave, i) => (
        <Wave
          key={wave.key}
          wave={wave}
          at={i}
          count={waves.length}
          onChange={(fields) => change(wave.key, fields)}
          onMove={(by) => {
            onChange(moveWave(waves, i, by));
            const id = `wave-${wave.key}`;
            focusSoon(`${id}-${by < 0 ? 'up' : 'down'}`, `${id}-${by < 0 ? 'down' : 'up'}`);
          }}
          onRemove={() => onChange(waves.filter(({ key }) => key !== wave.key))}
        />
      ))}
      <div className="field">
        <FieldError id="waves" />
      </div>
      <button type="button" className="button" onClick={add}>
        {waves.at(-1)?.unit === 'rest' ? 'Add a wave before the last' : 'Add a wave'}
      </button>
    </div>
  );
}

interface WaveProps {
  readonly wave: WaveDraft;
  readonly at: number;
  readonly count: number;
  readonly onChange: (fields: Partial<WaveDraft>) => void;
  readonly onMove: (by: -1 | 1) => void;
  readonly onRemove: () => void;
}

function Wave({ wave, at, count, onChange, onMove, onRemove }: WaveProps) {
  const id = `wave-${wave.key}`;
  return (
    <fieldset className="wave-edit">
      <legend className="visually-hidden">Wave {at + 1}</legend>
      <TextField
        id={`${id}-name`}
        label={`${at + 1}. name`}
        value={wave.name}
        onChange={(name) => onChange({ name })}
      />
      <Size id={id} wave={wave} last={at === count - 1} onChange={onChange} />
      <TextField
        id={`${id}-ok`}
        label="Success ≥ %"
        inputMode="decimal"
        value={wave.success}
        onChange={(success) => onChange({ success })}
      />
      <TextField
        id={`${id}-bad`}
        label="Failure ≤ %"
        inputMode="decimal"
        value={wave.failure}
        onChange={(failure) => onChange({ failure })}
      />
      <TextField
        id={`${id}-soak`}
        label="Soak, minutes"
        inputMode="decimal"
        value={wave.soakMinutes}
        onChange={(soakMinutes) => onChange({ soakMinutes })}
      />
      <label className="row small">
        <input
          type="checkbox"
          checked={wave.confirm}
          onChange={(event) => onChange({ confirm: event.target.checked })}
        />
        A person confirms
      </label>
      {count === 1 ? null : (
        <Order id={id} name={wave.name} at={at} count={count} onMove={onMove} onRemove={onRemove} />
      )}
    </fieldset>
  );
}

interface SizeProps extends Pick<WaveProps, 'wave' | 'onChange'> {
  readonly id: string;
  readonly last: boolean;
}

const UNITS = [['percent', '%'], 'vehicles'] as const;

function Size({ id, wave, last, onChange }: SizeProps) {
  const invalid = useInvalid(`${id}-size`);
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-size`}>Size</label>
        {wave.unit === 'rest' ? (
          <output id={`${id}-size`} className="input quiet">
            the rest
          </output>
        ) : (
          <input
            id={`${id}-size`}
            className="input"
            inputMode="decimal"
            value={wave.size}
            onChange={(event) => onChange({ size: event.target.value })}
            {...invalid}
          />
        )}
        <FieldError id={`${id}-size`} />
      </div>
      <SelectField
        id={`${id}-unit`}
        label="of"
        value={wave.unit}
        options={last ? [...UNITS, ['rest', 'the rest']] : UNITS}
        onChange={(unit) => onChange({ unit: unit as WaveDraft['unit'] })}
      />
    </>
  );
}

interface OrderProps extends Pick<WaveProps, 'at' | 'count' | 'onMove' | 'onRemove'> {
  readonly id: string;
  readonly name: string;
}

function Order({ id, name, at, count, onMove, onRemove }: OrderProps) {
  return (
    <div className="wave-order">
      <button
        id={`${id}-up`}
        type="button"
        className="button plain"
        disabled={at === 0}
        onClick={() => onMove(-1)}
        aria-label={`Move wave ${name} up`}
      >
        ↑
      </button>
      <button
        id={`${id}-down`}
        type="button"
        className="button plain"
        disabled={at === count - 1}
        onClick={() => onMove(1)}
        aria-label={`Move wave ${name} down`}
      >
        ↓
      </button>
      <button type="button" className="button plain" onClick={onRemove} aria-label={`Remove wave ${name}`}>
        Remove
      </button>
    </div>
  );
}

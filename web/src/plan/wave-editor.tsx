import { TextField } from '../ui/field.tsx';
import { newWave, type WaveDraft } from './draft.ts';

interface EditorProps {
  readonly waves: readonly WaveDraft[];
  readonly onChange: (waves: readonly WaveDraft[]) => void;
}

export function WaveEditor({ waves, onChange }: EditorProps) {
  const change = (key: string, fields: Partial<WaveDraft>): void =>
    onChange(waves.map((wave) => (wave.key === key ? { ...wave, ...fields } : wave)));
  const add = (): void => {
    const wave = newWave({
      name: `wave-${waves.length}`,
      unit: 'percent',
      size: '10',
      success: '95',
      failure: '5',
      soakMinutes: '60',
      confirm: false,
    });
    // Before the last one, which takes the rest.
    onChange([...waves.slice(0, -1), wave, ...waves.slice(-1)]);
  };
  return (
    <div>
      {waves.map((wave, i) => (
        <Wave
          key={wave.key}
          wave={wave}
          at={i}
          last={i === waves.length - 1}
          onChange={(fields) => change(wave.key, fields)}
          onRemove={waves.length === 1 ? null : () => onChange(waves.filter(({ key }) => key !== wave.key))}
        />
      ))}
      <button type="button" className="button" onClick={add}>
        Add a wave
      </button>
    </div>
  );
}

interface WaveProps {
  readonly wave: WaveDraft;
  readonly at: number;
  readonly last: boolean;
  readonly onChange: (fields: Partial<WaveDraft>) => void;
  readonly onRemove: (() => void) | null;
}

function Wave({ wave, at, last, onChange, onRemove }: WaveProps) {
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
      <div className="field">
        <label htmlFor={`${id}-size`}>Size</label>
        {wave.unit === 'rest' ? (
          <span className="input quiet">the rest</span>
        ) : (
          <input
            id={`${id}-size`}
            className="input"
            inputMode="decimal"
            value={wave.size}
            onChange={(event) => onChange({ size: event.target.value })}
          />
        )}
      </div>
      <div className="field">
        <label htmlFor={`${id}-unit`}>of</label>
        <select
          id={`${id}-unit`}
          className="input"
          value={wave.unit}
          onChange={(event) => onChange({ unit: event.target.value as WaveDraft['unit'] })}
        >
          <option value="percent">%</option>
          <option value="vehicles">vehicles</option>
          {last ? <option value="rest">the rest</option> : null}
        </select>
      </div>
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
      {onRemove === null ? null : (
        <button
          type="button"
          className="button plain"
          onClick={onRemove}
          aria-label={`Remove wave ${wave.name}`}
        >
          Remove
        </button>
      )}
    </fieldset>
  );
}

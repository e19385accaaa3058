/** A date and time of the reader's own clock; outside it is ISO 8601 in UTC, so that links mean the same to everybody. */

interface MomentFieldProps {
  readonly id: string;
  readonly label: string;
  /** ISO 8601, or empty. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What no value means. */
  readonly empty: string;
}

const MINUTE_MS = 60_000;

/** As the field wants it: local, without a zone. Empty for what is no time. */
function toLocal(value: string): string {
  const at = new Date(value);
  if (value === '' || Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 19);
}

const fromLocal = (value: string): string => (value === '' ? '' : new Date(value).toISOString());

export function MomentField({ id, label, value, onChange, empty }: MomentFieldProps) {
  return (
    <div className="field">
      <span className="row moment">
        <label htmlFor={id}>{label}</label>
        {value === '' ? (
          <span className="small quiet">{empty}</span>
        ) : (
          <button
            type="button"
            className="button plain"
            onClick={() => onChange('')}
            aria-label={`${label}: ${empty}`}
          >
            {empty}
          </button>
        )}
      </span>
      <input
        id={id}
        className="input"
        type="datetime-local"
        step="1"
        value={toLocal(value)}
        onChange={(event) => onChange(fromLocal(event.target.value))}
      />
    </div>
  );
}

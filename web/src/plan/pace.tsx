/** When offers go out, and how many at once. */
import { TextField } from '../ui/field.tsx';
import type { Draft } from './draft.ts';

export function Pace({
  draft,
  set,
}: {
  readonly draft: Draft;
  readonly set: (fields: Partial<Draft>) => void;
}) {
  return (
    <div className="stack">
      <label className="row">
        <input
          type="checkbox"
          checked={draft.windowed}
          onChange={(event) => set({ windowed: event.target.checked })}
        />
        Only in off-peak hours, in each vehicle’s own time zone
      </label>
      <div className="wave-edit pace">
        {draft.windowed ? (
          <>
            <TextField
              id="from"
              label="From"
              type="time"
              value={draft.from}
              onChange={(from) => set({ from })}
            />
            <TextField id="to" label="To" type="time" value={draft.to} onChange={(to) => set({ to })} />
          </>
        ) : null}
        <TextField
          id="flight"
          label="Most in flight"
          inputMode="numeric"
          placeholder="no limit"
          value={draft.maxInFlight}
          onChange={(maxInFlight) => set({ maxInFlight })}
        />
        <TextField
          id="rate"
          label="Offers a minute"
          inputMode="numeric"
          placeholder="no limit"
          value={draft.offersPerMinute}
          onChange={(offersPerMinute) => set({ offersPerMinute })}
        />
        <TextField
          id="attempts"
          label="Attempts"
          inputMode="numeric"
          value={draft.maxAttempts}
          onChange={(maxAttempts) => set({ maxAttempts })}
        />
      </div>
    </div>
  );
}

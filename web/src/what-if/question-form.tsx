import { WaveEditor } from '../plan/wave-editor.tsx';
import { Card } from '../ui/card.tsx';
import { TextField } from '../ui/field.tsx';
import type { Asking } from './use-what-if.ts';

interface FormProps {
  readonly asking: Asking;
  /** The plan has off-peak hours. */
  readonly windowed: boolean;
}

const was = (text: string): string => `Was ${text === '' ? 'no limit' : text}.`;

export function QuestionForm({ asking, windowed }: FormProps) {
  const { question, plan, set } = asking;
  return (
    <div className="stack">
      <Card
        title="Other waves and gates"
        aside={
          <button type="button" className="button plain" onClick={() => set(plan)}>
            As planned
          </button>
        }
      >
        <WaveEditor waves={question.waves} onChange={(waves) => set({ waves })} />
      </Card>
      <Card title="Other rates and limits">
        <div className="wave-edit what-if-limits">
          <TextField
            id="what-if-rate"
            label="Offers a minute"
            hint={was(plan.rate)}
            inputMode="numeric"
            placeholder="no limit"
            value={question.rate}
            onChange={(rate) => set({ rate })}
          />
          <TextField
            id="what-if-flight"
            label="Most in flight"
            hint={was(plan.flight)}
            inputMode="numeric"
            placeholder="no limit"
            value={question.flight}
            onChange={(flight) => set({ flight })}
          />
          <TextField
            id="what-if-slice"
            label="Any vehicle type in any region: failure ≤ %"
            hint="Exceeded beyond doubt (95%), it is stopped. Empty = not looked at."
            inputMode="decimal"
            value={question.slice}
            onChange={(slice) => set({ slice })}
          />
          <TextField
            id="what-if-reaction"
            label="Time a person takes, minutes"
            hint="To stop it for a slice, or to confirm a wave."
            inputMode="decimal"
            value={question.reactionMinutes}
            onChange={(reactionMinutes) => set({ reactionMinutes })}
          />
        </div>
        <div className="stack">
          {windowed ? (
            <label className="row">
              <input
                type="checkbox"
                checked={question.anyHour}
                onChange={(event) => set({ anyHour: event.target.checked })}
              />
              At any hour, not only off-peak
            </label>
          ) : null}
          <label className="row">
            <input
              type="checkbox"
              checked={question.nobody}
              onChange={(event) => set({ nobody: event.target.checked })}
            />
            If nobody had paused, resumed or aborted it
          </label>
        </div>
      </Card>
    </div>
  );
}

/** One upload from this page: how far it is, and what can be done about it. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bytes, duration, percent } from '../lib/format.ts';
import { MeterBar } from '../ui/bars.tsx';
import { ProblemView } from '../ui/states.tsx';
import { remove, resume } from './upload-queue.ts';
import type { Stage, TaskState, UploadTask } from './upload-task.ts';

const SAID: Readonly<Record<Stage, string>> = {
  queued: 'Waits for its turn',
  hashing: 'Computing the digest',
  sending: 'Sending',
  storing: 'All sent: the server checks and stores it',
  away: 'Interrupted, and goes on by itself',
  paused: 'Paused',
  stored: 'Stored',
  failed: 'Not stored',
};
const GOING: readonly Stage[] = ['queued', 'hashing', 'sending', 'away'];

/** What is left at the present rate. */
function rest({ stage, done, rate }: TaskState, size: number): string | null {
  if (stage !== 'sending' || rate === null || rate <= 0) return null;
  return `${bytes(rate)}/s, about ${duration((size - done) / rate)} left`;
}

export function TaskView({ task }: { readonly task: UploadTask }) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const { state, file } = task;
  const cancel = async (): Promise<void> => {
    try {
      await task.cancel();
      remove(task);
      await client.invalidateQueries({ queryKey: ['artifact', task.artifactId, '/uploads'] });
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <div className="upload" role="group" aria-label={file.name}>
      <div className="row">
        <strong className="mono grow">{file.name}</strong>
        <Buttons task={task} cancel={() => void cancel()} />
      </div>
      {state.stage === 'stored' ? null : (
        <MeterBar
          value={state.done}
          of={file.size}
          label={`${file.name}: ${bytes(state.done)} of ${bytes(file.size)}`}
        />
      )}
      <Standing state={state} size={file.size} />
      {state.stage === 'failed' ? <ProblemView error={state.error} /> : null}
      <ProblemView error={error} />
    </div>
  );
}

function Buttons({ task, cancel }: { readonly task: UploadTask; readonly cancel: () => void }) {
  const { stage } = task.state;
  if (stage === 'stored')
    return (
      <button type="button" className="button plain" onClick={() => remove(task)}>
        Hide
      </button>
    );
  return (
    <>
      {GOING.includes(stage) ? (
        <button type="button" className="button" onClick={() => task.pause()}>
          Pause
        </button>
      ) : null}
      {stage === 'paused' || stage === 'failed' ? (
        <button type="button" className="button primary" onClick={() => resume(task)}>
          {stage === 'paused' ? 'Resume' : 'Try again'}
        </button>
      ) : null}
      {stage === 'storing' ? null : (
        <button type="button" className="button" onClick={cancel}>
          Cancel
        </button>
      )}
    </>
  );
}

/** What is said aloud is said once: figures that run stand beside it. */
function Standing({ state, size }: { readonly state: TaskState; readonly size: number }) {
  const { stage, done, resumedAt, error } = state;
  const left = rest(state, size);
  const share = `${bytes(done)} of ${bytes(size)} (${percent(size === 0 ? 1 : done / size)})`;
  return (
    <span className="small">
      <span role="status">
        {SAID[stage]}
        {stage === 'away' && error instanceof Error ? `: ${error.message}` : '.'}
        {resumedAt > 0 ? ` It went on at ${bytes(resumedAt)}: what came before was not sent again.` : ''}
      </span>{' '}
      <span className="quiet">
        {stage === 'stored' ? bytes(size) : share}
        {left === null ? '' : `, ${left}`}
      </span>
    </span>
  );
}

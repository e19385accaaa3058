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
  away: 'The server does not answer. It goes on by itself',
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
  const { stage, done, resumedAt } = state;
  const { name, size } = file;
  const cancel = async (): Promise<void> => {
    try {
      await task.cancel();
      remove(task);
      await client.invalidateQueries({ queryKey: ['artifact', task.artifactId, '/uploads'] });
    } catch (failure) {
      setError(failure);
    }
  };
  const left = rest(state, size);
  return (
    <div className="upload" role="group" aria-label={name}>
      <div className="row">
        <strong className="mono grow">{name}</strong>
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
        {stage === 'stored' || stage === 'storing' ? null : (
          <button type="button" className="button" onClick={() => void cancel()}>
            Cancel
          </button>
        )}
      </div>
      <MeterBar value={done} of={size} label={`${name}: ${bytes(done)} of ${bytes(size)}`} />
      <span className="small">
        <span role="status">
          {SAID[stage]}.
          {resumedAt > 0
            ? ` It went on at ${bytes(resumedAt)}: what came before need not be sent again.`
            : ''}
        </span>{' '}
        <span className="quiet">
          {bytes(done)} of {bytes(size)} ({percent(size === 0 ? 1 : done / size)})
          {left === null ? '' : `, ${left}`}
        </span>
      </span>
      {stage === 'failed' ? <ProblemView error={state.error} /> : null}
      <ProblemView error={error} />
    </div>
  );
}

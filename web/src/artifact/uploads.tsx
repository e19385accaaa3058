/** Choosing files, and what becomes of them: on their way from here, or waiting on the server to be gone on with. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, path } from '../lib/api.ts';
import { bytes, percent, time } from '../lib/format.ts';
import { neededRoles } from '../lib/may.ts';
import { useMay, useSession } from '../lib/session.ts';
import type { Artifact, UploadAnswer } from '../lib/types.ts';
import { MeterBar } from '../ui/bars.tsx';
import { ProblemView } from '../ui/states.tsx';
import { discard } from './tus.ts';
import { add, useUploads } from './upload-queue.ts';
import { TaskView } from './upload-view.tsx';

const REFRESH_MS = 15_000;

export function Uploads({ artifact }: { readonly artifact: Artifact }) {
  const client = useQueryClient();
  const may = useMay();
  const tasks = useUploads(artifact.id);
  const stored = tasks.filter(({ state }) => state.stage === 'stored').length;
  useEffect(() => {
    if (stored > 0) void client.invalidateQueries({ queryKey: ['artifact', artifact.id] });
  }, [client, artifact.id, stored]);
  if (artifact.state !== 'registered') return null;
  if (!may('beginUpload'))
    return <p className="small quiet">Files are uploaded by a {neededRoles('beginUpload')}.</p>;
  return (
    <div className="stack">
      <div className="field">
        <label htmlFor="files">Upload files</label>
        <input
          id="files"
          className="input"
          type="file"
          multiple
          onChange={({ target }) => {
            add(artifact.id, [...(target.files ?? [])]);
            // So that the same file can be chosen again.
            target.value = '';
          }}
        />
        <span className="hint">
          An upload that is cut off goes on where it stopped, also after this page was closed: choose the same
          file again.
        </span>
      </div>
      {tasks.map((task) => (
        <TaskView key={task.file.name} task={task} />
      ))}
      <Waiting artifactId={artifact.id} here={tasks.map(({ file }) => file.name)} />
    </div>
  );
}

/** What was begun from another page, or before this one was loaded. */
function Waiting({ artifactId, here }: { readonly artifactId: string; readonly here: readonly string[] }) {
  const me = useSession().data?.person;
  const { data } = useQuery({
    queryKey: ['artifact', artifactId, '/uploads'],
    queryFn: ({ signal }) =>
      get<{ readonly items: readonly UploadAnswer[] }>(path`/v1/artifacts/${artifactId}/uploads`, signal),
    refetchInterval: REFRESH_MS,
  });
  const waiting = (data?.items ?? []).filter(({ fileName, by }) => by !== me || !here.includes(fileName));
  return waiting.map((upload) => <WaitingUpload key={upload.id} upload={upload} mine={upload.by === me} />);
}

function WaitingUpload({ upload, mine }: { readonly upload: UploadAnswer; readonly mine: boolean }) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const { id, artifactId, fileName, offset, size, by, expiresAt } = upload;
  const end = async (): Promise<void> => {
    try {
      await discard(path`/v1/artifacts/${artifactId}/uploads/${id}`);
    } catch (failure) {
      setError(failure);
    }
    await client.invalidateQueries({ queryKey: ['artifact', artifactId, '/uploads'] });
  };
  return (
    <div className="upload">
      <div className="row">
        <strong className="mono grow">{fileName}</strong>
        {mine ? (
          <button
            type="button"
            className="button"
            aria-label={`Discard ${fileName}`}
            onClick={() => void end()}
          >
            Discard
          </button>
        ) : null}
      </div>
      <MeterBar value={offset} of={size} label={`${fileName}: ${bytes(offset)} of ${bytes(size)}`} />
      <span className="small">
        {bytes(offset)} of {bytes(size)} ({percent(size === 0 ? 1 : offset / size)}) are here.{' '}
        {mine ? 'Choose the file again to go on.' : `Begun by ${by}, who alone can go on with it.`}{' '}
        {expiresAt === null ? null : <span className="quiet">Kept until {time(expiresAt)}.</span>}
      </span>
      <ProblemView error={error} />
    </div>
  );
}

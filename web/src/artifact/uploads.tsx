import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bytes } from '../lib/format.ts';
import { neededRoles } from '../lib/may.ts';
import { useMay } from '../lib/session.ts';
import type { Artifact } from '../lib/types.ts';
import { MeterBar } from '../ui/bars.tsx';
import { ProblemView } from '../ui/states.tsx';
import { type UploadState, upload } from './upload.ts';

const SAID = { hashing: 'Computing the digest', sending: 'Sending', done: 'Stored' } as const;

export function Uploads({ artifact }: { readonly artifact: Artifact }) {
  const client = useQueryClient();
  const may = useMay();
  const [state, setState] = useState<(UploadState & { readonly name: string }) | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (artifact.state !== 'registered') return null;
  if (!may('uploadFile'))
    return <p className="small quiet">Files are uploaded by a {neededRoles('uploadFile')}.</p>;
  const take = async (files: readonly File[]): Promise<void> => {
    setError(null);
    try {
      for (const file of files)
        await upload(artifact.id, file, (now) => setState({ ...now, name: file.name }));
      await client.invalidateQueries({ queryKey: ['artifact', artifact.id] });
    } catch (failure) {
      setState(null);
      setError(failure);
    }
  };
  return (
    <div className="field">
      <label htmlFor="files">Upload files</label>
      <input
        id="files"
        className="input"
        type="file"
        multiple
        onChange={(event) => void take([...(event.target.files ?? [])])}
      />
      {state === null ? null : (
        <div role="status">
          <span className="small">
            {SAID[state.stage]}: {state.name}, {bytes(state.done)} of {bytes(state.total)}
          </span>
          <MeterBar value={state.done} of={state.total} label={`${state.name}: ${bytes(state.done)}`} />
        </div>
      )}
      <ProblemView error={error} />
    </div>
  );
}

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { signIn } from '../lib/api.ts';
import { ProblemView } from '../ui/states.tsx';
import { Mark } from './icons.tsx';

/** The address stays what it was: after signing in, a link shows what it was sent for. */
export function SignIn() {
  const client = useQueryClient();
  const [key, setKey] = useState('');
  const entering = useMutation({
    mutationFn: () => signIn(key.trim()),
    onSuccess: () => client.resetQueries(),
  });
  return (
    <main className="sign-in">
      <div className="card">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            entering.mutate();
          }}
        >
          <div className="row">
            {Mark}
            <h1>Fleetwave</h1>
          </div>
          <div className="field">
            <label htmlFor="key">Your API key</label>
            <input
              id="key"
              className="input mono"
              type="password"
              autoComplete="off"
              spellCheck={false}
              placeholder="fwk_…"
              required
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
            <span className="hint">
              It is exchanged for a session of this browser and not kept. An admin makes keys with{' '}
              <code>fleetwave keys add</code>; the first one is in <code>admin.key</code> of the data
              directory.
            </span>
          </div>
          <ProblemView error={entering.error} />
          <button type="submit" className="button primary" disabled={entering.isPending || key.trim() === ''}>
            Sign in
          </button>
        </form>
      </div>
    </main>
  );
}

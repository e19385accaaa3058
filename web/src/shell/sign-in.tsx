import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { signIn } from '../lib/api.ts';
import { ProblemView } from '../ui/states.tsx';
import { Mark } from './icons.tsx';

/** The address stays what it was: after signing in, a link shows what it was sent for. */
export const SignIn = () => (
  <main className="sign-in">
    <div className="card">
      <KeyForm>
        <div className="row">
          {Mark}
          <h1>Fleetwave</h1>
        </div>
      </KeyForm>
    </div>
  </main>
);

/** Over the page, which stays as it is: what was being written is not lost. */
export function SignInAgain() {
  const ref = useRef<HTMLDialogElement>(null);
  const show = (): void => ref.current?.showModal();
  useEffect(show, []);
  return (
    // Escape closes it, and there is nothing behind it that would work.
    <dialog ref={ref} aria-labelledby="again" onClose={show}>
      <KeyForm>
        <h2 id="again">Your session has ended</h2>
        <p className="small quiet">What is on the page is from before, and stays.</p>
      </KeyForm>
    </dialog>
  );
}

function KeyForm({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [key, setKey] = useState('');
  const entering = useMutation({
    mutationFn: () => signIn(key.trim()),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        entering.mutate();
      }}
    >
      {children}
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
          <code>fleetwave keys add</code>; the first one is in <code>admin.key</code> of the data directory.
        </span>
      </div>
      <ProblemView error={entering.error} />
      <button type="submit" className="button primary" disabled={entering.isPending || key.trim() === ''}>
        Sign in
      </button>
    </form>
  );
}

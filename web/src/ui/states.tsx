/** What stands where data would: it is on its way, it was refused, or there is none yet. */
import type { ReactNode } from 'react';
import { isProblem, ProblemError } from '../lib/api.ts';

export function Waiting({ what, page = false }: { readonly what: string; readonly page?: boolean }) {
  const text = (
    <p className="quiet" role="status">
      {what}…
    </p>
  );
  return page ? <main className="sign-in">{text}</main> : text;
}

interface ProblemViewProps {
  readonly error: unknown;
  /** Paths of errors that stand beside their fields already. */
  readonly placed?: readonly string[];
}

/** A problem document as a person reads it: what happened, what to do, and how to report it. */
export function ProblemView({ error, placed = [] }: ProblemViewProps) {
  if (error === null || error === undefined) return null;
  const body = error instanceof ProblemError ? error.body : {};
  const listed = (body.errors ?? []).filter(({ path }) => !placed.includes(path));
  // What else a schema's problem says is for who writes requests by hand.
  if (placed.length > 0 && listed.length === 0)
    return (
      <div className="notice bad" role="alert">
        <strong>It was refused: what is wrong stands beside the fields.</strong>
        {body.hint === undefined || isProblem(error, 'invalid-request') ? null : <span>{body.hint}</span>}
      </div>
    );
  return (
    <div className="notice bad" role="alert">
      <strong>{error instanceof Error ? error.message : String(error)}</strong>
      {placed.length === 0 ? null : <span>What else is wrong stands beside the fields.</span>}
      {listed.map(({ path, message }) => (
        <span key={path + message} className="small">
          <code>{path}</code> {message}
        </span>
      ))}
      {body.hint === undefined ? null : <span>{body.hint}</span>}
      {body.instance === undefined ? null : (
        <span className="small quiet">
          {body.title} · <code>{body.instance.replace('urn:uuid:', '')}</code>
        </span>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <div className="empty">{children}</div>;
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
}

/** Shows what came last, and beside it what went wrong since. */
export function Loaded<T>({
  query,
  what,
  placed = [],
  children,
}: {
  readonly query: Asked<T>;
  readonly what: string;
  readonly placed?: ProblemViewProps['placed'];
  readonly children: (data: T) => ReactNode;
}) {
  return (
    <>
      <ProblemView error={query.error} placed={placed} />
      {query.data === undefined ? (
        query.error === null ? (
          <Waiting what={`Loading ${what}`} />
        ) : null
      ) : (
        children(query.data)
      )}
    </>
  );
}

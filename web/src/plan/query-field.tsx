/** The target query: what could come next, what is wrong and where, and what it selects as it is typed. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get, isProblem, ProblemError, queryOf } from '../lib/api.ts';
import type { TargetingCount } from '../lib/types.ts';
import { FieldError, useInvalid } from '../ui/field.tsx';
import { ProblemView } from '../ui/states.tsx';
import { completionAt, type Facets } from './completion.ts';

const SETTLE_MS = 250;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const countOf = (query: string, artifacts: readonly string[]) => ({
  queryKey: ['preview', query, artifacts.join()],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<TargetingCount>(`/v1/targeting/preview${queryOf({ query, artifacts: artifacts.join() })}`, signal),
  staleTime: 10_000,
});

export function usePreview(query: string, artifacts: readonly string[]) {
  const settled = useSettled(query.trim());
  return useQuery({
    ...countOf(settled, artifacts),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  });
}

/** Values of the whole fleet: what could be written, also before anything is. */
export const useFacets = (): Facets =>
  useQuery({ ...countOf('vehicle==*', []), staleTime: 60_000 }).data?.facets ?? {};

interface QueryFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: unknown;
}

export function QueryField({ value, onChange, error }: QueryFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const facets = useFacets();
  const [caret, setCaret] = useState(value.length);
  const { from, choices } = completionAt(value, caret, facets);
  const refused = useInvalid('query');
  const wrong = isProblem(error, 'invalid-query');
  const choose = (choice: string): void => {
    const next = value.slice(0, from) + choice + value.slice(caret);
    onChange(next);
    setCaret(from + choice.length);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(from + choice.length, from + choice.length);
    });
  };
  return (
    <div className="field">
      <label htmlFor="query">Target query</label>
      <textarea
        id="query"
        ref={field}
        className="input mono"
        spellCheck={false}
        aria-invalid={wrong || refused['aria-invalid']}
        aria-describedby={`query-help ${refused['aria-describedby'] ?? ''}`.trim()}
        placeholder="model==A3;region=in=(DE,FR)"
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setCaret(event.target.selectionStart);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
      />
      <div className="suggestions" role="group" aria-label="Could come next">
        {choices.map((choice) => (
          <button key={choice} type="button" onClick={() => choose(choice)}>
            {choice}
          </button>
        ))}
      </div>
      <span className="hint" id="query-help">
        <code>;</code> means and, <code>,</code> means or. What an artifact requires is always added.
      </span>
      <FieldError id="query" />
      {wrong ? <Wrong error={error} /> : <ProblemView error={error} />}
    </div>
  );
}

function Wrong({ error }: { readonly error: unknown }) {
  if (!(error instanceof ProblemError)) return null;
  const excerpt = error.body.details?.['excerpt'];
  return (
    <div role="alert">
      {typeof excerpt === 'string' ? <pre className="query-wrong">{excerpt}</pre> : null}
      <p className="small">
        <strong>{error.message}.</strong> {error.body.hint}
      </p>
    </div>
  );
}

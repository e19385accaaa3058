/** A plan that was begun stays in this tab until it is saved or discarded: over other pages, a reload, the back button. */
import { useEffect, useState } from 'react';
import { useSession } from '../lib/session.ts';
import { type Draft, newWave } from './draft.ts';

const PREFIX = 'fleetwave-draft';

/** One draft for each person and campaign; of a campaign that has changed since, there is none. */
const nameOf = (person: string, campaignId: string | null, revision: number): string =>
  [PREFIX, person, campaignId ?? '', revision].join(':');

/** Keys of waves are numbered by the page, so they are given anew. */
const withOwnKeys = (draft: Draft): Draft => ({
  ...draft,
  waves: draft.waves.map(({ key: _, ...wave }) => newWave(wave)),
});

function read(name: string): Draft | null {
  const text = sessionStorage.getItem(name);
  return text === null ? null : withOwnKeys(JSON.parse(text) as Draft);
}

export interface KeptDraft {
  readonly draft: Draft;
  /** It is what was left unsaved before. */
  readonly restored: boolean;
  set(fields: Partial<Draft>): void;
  /** Back to what it began with. */
  discard(): void;
  /** It is saved. */
  forget(): void;
}

/** @param of the campaign that is changed; null for a new one. */
export function useKeptDraft(
  initial: Draft,
  of: { readonly id: string; readonly revision: number } | null,
): KeptDraft {
  const person = useSession().data?.person ?? '';
  const name = nameOf(person, of?.id ?? null, of?.revision ?? 0);
  const [begun] = useState(() => ({ name, draft: read(name) }));
  const [draft, setDraft] = useState(begun.draft ?? initial);
  const [restored, setRestored] = useState(begun.draft !== null);
  const [touched, setTouched] = useState(false);
  useEffect(() => {
    if (touched) sessionStorage.setItem(begun.name, JSON.stringify(draft));
  }, [touched, begun, draft]);
  const forget = (): void => {
    setTouched(false);
    sessionStorage.removeItem(begun.name);
  };
  return {
    draft,
    restored,
    set(fields) {
      setTouched(true);
      setDraft((before) => ({ ...before, ...fields }));
    },
    discard() {
      forget();
      setRestored(false);
      setDraft(initial);
    },
    forget,
  };
}

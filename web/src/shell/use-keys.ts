import { useEffect, useRef } from 'react';
import { navigate } from '../lib/router.tsx';
import { actionOf } from './keys.ts';

/** How long the first key of two waits for the second. */
const PATIENCE_MS = 1500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

interface Handlers {
  readonly onSearch: () => void;
  readonly onHelp: () => void;
}

/** None of them does anything while a person types or a question is open. */
export function useKeys(handlers: Handlers): void {
  const on = useRef(handlers);
  on.current = handlers;
  useEffect(() => {
    let begunAt = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
      const action = actionOf(event.key, event.timeStamp - begunAt < PATIENCE_MS);
      begunAt = action.kind === 'begun' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (action.kind === 'none' || action.kind === 'begun') return;
      event.preventDefault();
      if (action.kind === 'go') navigate(action.to);
      else if (action.kind === 'search') on.current.onSearch();
      else on.current.onHelp();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

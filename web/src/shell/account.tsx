/** Who is signed in, and what belongs to this browser: colours, keys, signing out. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { command, newKey } from '../lib/api.ts';
import { setTheme, type Theme, useTheme } from '../lib/theme.ts';
import type { SessionView } from '../lib/types.ts';
import { SelectField } from '../ui/select.tsx';
import { ProblemView } from '../ui/states.tsx';

const THEMES = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

interface AccountProps {
  readonly session: SessionView;
  /** Going to another page closes it. */
  readonly path: string;
  readonly onKeys: () => void;
}

export function Account({ session, path, onKeys }: AccountProps) {
  const client = useQueryClient();
  const theme = useTheme();
  const menu = useMenu(path);
  const leaving = useMutation({
    mutationFn: () => command('/v1/session', { method: 'DELETE', key: newKey() }),
    onSuccess: () => {
      client.clear();
      window.location.assign('/');
    },
  });
  return (
    <details className="menu" ref={menu}>
      <summary className="button plain" aria-label={`Signed in as ${session.person}`}>
        {session.person}
      </summary>
      <div className="menu-items card">
        <p className="small quiet">{session.roles.join(', ')}</p>
        <SelectField
          id="theme"
          label="Colours"
          value={theme}
          options={THEMES}
          onChange={(chosen) => setTheme(chosen as Theme)}
        />
        <button
          type="button"
          className="button"
          onClick={() => {
            if (menu.current !== null) menu.current.open = false;
            onKeys();
          }}
        >
          Keys…
        </button>
        <button
          type="button"
          className="button"
          disabled={leaving.isPending}
          onClick={() => leaving.mutate()}
        >
          Sign out
        </button>
        <ProblemView error={leaving.error} />
      </div>
    </details>
  );
}

/** A menu that goes when something else is pressed, with Escape, and with the page it was opened on. */
function useMenu(path: string) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (): void => {
      if (menu.current !== null) menu.current.open = false;
    };
    const onPress = ({ target }: PointerEvent): void => {
      if (target instanceof Node && menu.current?.contains(target) === false) close();
    };
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key !== 'Escape' || menu.current?.open !== true) return;
      const had = menu.current.contains(document.activeElement);
      close();
      if (had) menu.current.querySelector('summary')?.focus();
    };
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is what closes it
  useEffect(() => {
    if (menu.current !== null) menu.current.open = false;
  }, [path]);
  return menu;
}

/** What is around every page: navigation, search, and what everybody has to know now. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import { command, newKey } from '../lib/api.ts';
import { Link, type Route } from '../lib/router.tsx';
import { setTheme, type Theme, useTheme } from '../lib/theme.ts';
import type { SessionView } from '../lib/types.ts';
import { SelectField } from '../ui/select.tsx';
import { ProblemView } from '../ui/states.tsx';
import { AwayBanner, EmergencyBanner } from './banners.tsx';
import { KeyHelp } from './help.tsx';
import { ArtifactIcon, CampaignIcon, FleetIcon, Mark, PlanIcon, VehicleIcon } from './icons.tsx';
import { GO } from './keys.ts';
import { Search } from './search.tsx';
import { useKeys } from './use-keys.ts';

const ICONS: Readonly<Record<string, ReactNode>> = {
  f: FleetIcon,
  c: CampaignIcon,
  p: PlanIcon,
  v: VehicleIcon,
  a: ArtifactIcon,
};

interface ShellProps {
  readonly session: SessionView;
  readonly route: Route;
  readonly children: ReactNode;
}

export function Shell({ session, route, children }: ShellProps) {
  const search = useRef<HTMLInputElement>(null);
  const [helping, setHelping] = useState(false);
  useKeys({ onSearch: () => search.current?.focus(), onHelp: () => setHelping(true) });
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <aside className="side">
        <Link className="brand" to="/">
          {Mark} Fleetwave
        </Link>
        <nav aria-label="Pages">
          {Object.entries(GO).map(([key, { to, name }]) => (
            <Link
              key={to}
              to={to}
              title={`${name}: g, then ${key}`}
              aria-current={(route.parts[0] ?? '') === to.slice(1) ? 'page' : undefined}
            >
              {ICONS[key]} {name}
            </Link>
          ))}
        </nav>
        <div className="foot">
          <a href="/docs/">API reference</a>
        </div>
      </aside>
      <div className="main">
        <EmergencyBanner />
        <AwayBanner />
        <header className="topbar">
          <Search input={search} />
          <Account session={session} onKeys={() => setHelping(true)} />
        </header>
        <main className="content" id="content">
          {children}
        </main>
      </div>
      {helping ? <KeyHelp onClose={() => setHelping(false)} /> : null}
    </div>
  );
}

const THEMES = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

interface AccountProps {
  readonly session: SessionView;
  readonly onKeys: () => void;
}

function Account({ session, onKeys }: AccountProps) {
  const client = useQueryClient();
  const theme = useTheme();
  const leaving = useMutation({
    mutationFn: () => command('/v1/session', { method: 'DELETE', key: newKey() }),
    onSuccess: () => {
      client.clear();
      window.location.assign('/');
    },
  });
  return (
    <details className="menu">
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
        <button type="button" className="button" onClick={onKeys}>
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

/** What is around every page: navigation, search, and what everybody has to know now. */
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { command, newKey } from '../lib/api.ts';
import { Link, type Route } from '../lib/router.tsx';
import { setTheme, type Theme, useTheme } from '../lib/theme.ts';
import type { SessionView } from '../lib/types.ts';
import { AwayBanner, EmergencyBanner } from './banners.tsx';
import { ArtifactIcon, CampaignIcon, FleetIcon, Mark, PlanIcon, VehicleIcon } from './icons.tsx';
import { Search } from './search.tsx';

const PLACES = [
  { to: '/', kind: undefined, name: 'Fleet', icon: FleetIcon },
  { to: '/campaigns', kind: 'campaigns', name: 'Campaigns', icon: CampaignIcon },
  { to: '/plan', kind: 'plan', name: 'Plan', icon: PlanIcon },
  { to: '/vehicles', kind: 'vehicles', name: 'Vehicles', icon: VehicleIcon },
  { to: '/artifacts', kind: 'artifacts', name: 'Artifacts', icon: ArtifactIcon },
] as const;

interface ShellProps {
  readonly session: SessionView;
  readonly route: Route;
  readonly children: ReactNode;
}

export function Shell({ session, route, children }: ShellProps) {
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
          {PLACES.map(({ to, kind, name, icon }) => (
            <Link key={to} to={to} aria-current={route.parts[0] === kind ? 'page' : undefined}>
              {icon} {name}
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
          <Search />
          <Account session={session} />
        </header>
        <main className="content" id="content">
          {children}
        </main>
      </div>
    </div>
  );
}

function Account({ session }: { readonly session: SessionView }) {
  const client = useQueryClient();
  const theme = useTheme();
  const leave = async (): Promise<void> => {
    await command('/v1/session', { method: 'DELETE', key: newKey() });
    client.clear();
    window.location.assign('/');
  };
  return (
    <details className="menu">
      <summary className="button plain" aria-label={`Signed in as ${session.person}`}>
        {session.person}
      </summary>
      <div className="menu-items card">
        <p className="small quiet">{session.roles.join(', ')}</p>
        <div className="field">
          <label htmlFor="theme">Colours</label>
          <select
            id="theme"
            className="input"
            value={theme}
            onChange={(event) => setTheme(event.target.value as Theme)}
          >
            <option value="system">As the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </div>
        <button type="button" className="button" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
    </details>
  );
}

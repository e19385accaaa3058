/** What is around every page: navigation, search, and what everybody has to know now. */
import { type ReactNode, useRef, useState } from 'react';
import { Link, type Route } from '../lib/router.tsx';
import type { SessionView } from '../lib/types.ts';
import { Account } from './account.tsx';
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
          <Account session={session} path={route.path} onKeys={() => setHelping(true)} />
        </header>
        <main className="content" id="content">
          {children}
        </main>
      </div>
      {helping ? <KeyHelp onClose={() => setHelping(false)} /> : null}
    </div>
  );
}

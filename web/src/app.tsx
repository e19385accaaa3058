/** Which page an address shows. Pages beyond the first are loaded when they are gone to. */
import { type ReactNode, Suspense, useEffect } from 'react';
import { CampaignPage } from './campaign/campaign-page.tsx';
import { FleetPage } from './fleet/fleet-page.tsx';
import { isAway, isSignedOut } from './lib/api.ts';
import { words } from './lib/format.ts';
import { part } from './lib/part.ts';
import { Link, type Route, useRoute } from './lib/router.tsx';
import { useSession } from './lib/session.ts';
import { Shell } from './shell/shell.tsx';
import { SignIn, SignInAgain } from './shell/sign-in.tsx';
import { Boundary } from './ui/boundary.tsx';
import { Waiting } from './ui/states.tsx';

const CampaignsPage = part(() => import('./campaign/campaigns-page.tsx'));
const PlanPage = part(() => import('./plan/plan-page.tsx'));
const VehiclesPage = part(() => import('./vehicle/vehicles-page.tsx'));
const VehiclePage = part(() => import('./vehicle/vehicle-page.tsx'));
const ArtifactsPage = part(() => import('./artifact/artifacts-page.tsx'));
const ArtifactPage = part(() => import('./artifact/artifact-page.tsx'));

function pageOf({ parts }: Route): ReactNode {
  const [kind, id] = parts;
  if (kind === undefined) return <FleetPage />;
  if (kind === 'campaigns') return id === undefined ? <CampaignsPage /> : <CampaignPage key={id} id={id} />;
  if (kind === 'plan') return <PlanPage key={id} id={id} />;
  if (kind === 'vehicles') return id === undefined ? <VehiclesPage /> : <VehiclePage key={id} vehicle={id} />;
  if (kind === 'artifacts') return id === undefined ? <ArtifactsPage /> : <ArtifactPage key={id} id={id} />;
  return (
    <div className="empty">
      <p>There is nothing at this address.</p>
      <Link to="/">Go to the fleet</Link>
    </div>
  );
}

function useTitle({ parts }: Route): void {
  useEffect(() => {
    const [kind = 'fleet', ...rest] = parts;
    const name = [...rest.reverse(), words(kind)].join(' · ');
    document.title = `${name} · Fleetwave`;
  }, [parts]);
}

export function App() {
  const route = useRoute();
  const session = useSession();
  useTitle(route);
  if (session.data === undefined) {
    if (session.isPending || isAway(session.error))
      return <Waiting page what="Asking the server who you are" />;
    return <SignIn />;
  }
  return (
    <Shell session={session.data} route={route}>
      {isSignedOut(session.error) ? <SignInAgain /> : null}
      <Boundary key={route.path}>
        <Suspense fallback={<Waiting what="Loading the page" />}>{pageOf(route)}</Suspense>
      </Boundary>
    </Shell>
  );
}

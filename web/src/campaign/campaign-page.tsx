/** One campaign, live. */

import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useRef } from 'react';
import { path } from '../lib/api.ts';
import { clock, localTimes } from '../lib/format.ts';
import type { Live } from '../lib/live.ts';
import { part } from '../lib/part.ts';
import type { Sample } from '../lib/progress.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Campaign, Progress } from '../lib/types.ts';
import { type Series, samplesOf, seriesOf } from '../replay/use-replay.ts';
import { Badge } from '../ui/badge.tsx';
import { Loaded, Waiting } from '../ui/states.tsx';
import { Ago } from '../ui/time.tsx';
import { Actions } from './actions.tsx';
import { AssignmentsTab } from './assignments-tab.tsx';
import { HistoryTab } from './history-tab.tsx';
import { Overview } from './overview.tsx';
import { PlanView } from './plan-tab.tsx';
import { useCampaign, useProgress, useSamples } from './use-campaign.ts';

const FailuresTab = part(() => import('./failures-tab.tsx'));
const ReplayTab = part(() => import('../replay/replay-tab.tsx'));

const WhatIfTab = part(() => import('../what-if/what-if-tab.tsx'));

const TABS = [
  ['', 'Live'],
  ['vehicles', 'Vehicles'],
  ['failures', 'Failures'],
  ['plan', 'Plan'],
  ['history', 'History'],
  ['replay', 'Replay'],
  ['what-if', 'What if'],
] as const;

export function CampaignPage({ id }: { readonly id: string }) {
  const campaign = useCampaign(id);
  const live = useProgress(id);
  const [tab] = useQueryState('tab');
  return (
    <Loaded query={campaign} what="the campaign">
      {(found) => (
        <>
          <Head campaign={found} live={live} />
          <Tabs id={id} tab={tab} />
          <Suspense fallback={<Waiting what="Loading the view" />}>
            <View tab={tab} campaign={found} live={live} />
          </Suspense>
        </>
      )}
    </Loaded>
  );
}

function Tabs({ id, tab }: { readonly id: string; readonly tab: string }) {
  const row = useRef<HTMLElement>(null);
  // On a phone they are wider than the page: the chosen one has to be seen. The page itself stays where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is what moves them
  useEffect(() => {
    const chosen = row.current?.querySelector<HTMLElement>('[aria-current]');
    if (row.current === null || chosen === null || chosen === undefined) return;
    row.current.scrollLeft = chosen.offsetLeft - (row.current.clientWidth - chosen.offsetWidth) / 2;
  }, [tab]);
  return (
    <nav className="tabs" aria-label="Views of the campaign" ref={row}>
      {TABS.map(([name, text]) => (
        <Link
          key={name}
          to={name === '' ? path`/campaigns/${id}` : `${path`/campaigns/${id}`}?tab=${name}`}
          aria-current={tab === name ? 'page' : undefined}
        >
          {text}
        </Link>
      ))}
    </nav>
  );
}

interface ViewProps {
  readonly tab: string;
  readonly campaign: Campaign;
  readonly live: Live<Progress>;
}

function View({ tab, campaign, live }: ViewProps) {
  switch (tab) {
    case 'plan':
      return <PlanView campaign={campaign} />;
    case 'vehicles':
      return <AssignmentsTab campaignId={campaign.id} />;
    case 'failures':
      return <FailuresTab campaignId={campaign.id} progress={live.data} />;
    case 'history':
      return <HistoryTab campaignId={campaign.id} />;
    case 'replay':
      return <ReplayTab campaign={campaign} />;
    case 'what-if':
      return <WhatIfTab campaign={campaign} />;
    default:
      return live.data === null ? (
        <Waiting what="Waiting for the first numbers" />
      ) : (
        <LiveView campaign={campaign} live={live} progress={live.data} />
      );
  }
}

function LiveView({ campaign, live, progress }: Omit<ViewProps, 'tab'> & { readonly progress: Progress }) {
  const before = useQuery({ ...seriesOf(campaign.id), staleTime: Number.POSITIVE_INFINITY }).data;
  const seen = useSamples(live);
  return <Overview campaign={campaign} progress={progress} samples={joined(before, seen, live.heardAt)} />;
}

/** What was before the page was opened, and what it has seen since. */
function joined(before: Series | undefined, seen: readonly Sample[], heardAt: number): readonly Sample[] {
  const since = seen[0]?.at ?? heardAt;
  return before === undefined ? seen : [...samplesOf(before, since), ...seen];
}

function Head({ campaign, live }: { readonly campaign: Campaign; readonly live: Live<Progress> }) {
  const state = live.data?.state ?? campaign.state;
  return (
    <div className="page-head">
      <div>
        <div className="row">
          <h1>{campaign.title}</h1>
          <Badge state={state} />
        </div>
        <p className="row small quiet">
          <code>{campaign.id}</code>
          <LiveState live={live} />
        </p>
        {campaign.reason === null || !['paused', 'aborting', 'targeting-defined'].includes(state) ? null : (
          <p className="notice warn">
            <span>
              <strong>{state === 'paused' ? 'Paused' : 'Stopped'}:</strong> {localTimes(campaign.reason)}
              {state === 'paused' ? <PausedBy campaign={campaign} /> : null}
            </span>
          </p>
        )}
      </div>
      <Actions campaign={campaign} progress={live.data} />
    </div>
  );
}

function PausedBy({ campaign }: { readonly campaign: Campaign }) {
  const pause = campaign.decisions.findLast(({ type }) => type === 'CampaignPaused');
  return pause === undefined ? null : (
    <span className="small quiet">
      {' '}
      · {pause.by}, <Ago at={pause.at} />
    </span>
  );
}

const SAID = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  stale: 'Nothing heard for a while',
  refused: 'No live data',
} as const;

export function LiveState({ live }: { readonly live: Live<unknown> }) {
  const old = live.state !== 'live' && live.heardAt > 0;
  return (
    <span className={`live-state ${live.state}`} role="status">
      {SAID[live.state]}
      {old ? ` · numbers of ${clock(live.heardAt)}` : ''}
      {live.error === null || live.state !== 'refused' ? '' : `: ${live.error.message}`}
    </span>
  );
}

/** The campaign at any past instant: the live page, with a scrubber, and what was decided around then. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { detailOf, historyOf, toneOfEvent } from '../campaign/history-tab.tsx';
import { Overview } from '../campaign/overview.tsx';
import { clock, count, eventName, localTimes, time } from '../lib/format.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Campaign, HistoryEvent } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { Empty, Loaded, ProblemView } from '../ui/states.tsx';
import { Compare } from './compare.tsx';
import { Scrubber } from './scrubber.tsx';
import { type Series, samplesOf, usePlayer, useSeries, useThen } from './use-replay.ts';

export default function ReplayTab({ campaign }: { readonly campaign: Campaign }) {
  const series = useSeries(campaign.id);
  return (
    <Loaded query={series} what="the time line">
      {(found) =>
        Date.parse(found.to) <= Date.parse(found.from) ? (
          <Empty>Nothing has happened yet that could be played.</Empty>
        ) : (
          <Player campaign={campaign} series={found} />
        )
      }
    </Loaded>
  );
}

function Player({ campaign, series }: { readonly campaign: Campaign; readonly series: Series }) {
  const [at, setAt] = useQueryState('at');
  const [speed, setSpeed] = useState(0);
  const first = Date.parse(series.from);
  const last = Date.parse(series.to);
  const asked = at === '' ? last : Date.parse(at);
  const now = Number.isFinite(asked) ? Math.min(last, Math.max(first, asked)) : last;
  const go = (to: number): void => setAt(to >= last ? '' : new Date(Math.max(first, to)).toISOString());
  usePlayer(speed, (passed) => {
    if (now + passed >= last) setSpeed(0);
    go(now + passed);
  });
  const then = useThen(campaign.id, now);
  const play = (next: number): void => {
    if (next > 0 && now >= last) go(first);
    setSpeed(next);
  };
  return (
    <div className="stack">
      <Card title="Time" aside={`${time(first)} to ${time(last)}`}>
        <Scrubber series={series} now={now} speed={speed} onGo={go} onPlay={play} />
      </Card>
      <ProblemView error={then.error} />
      <div className="replay">
        <div className="stack">
          {then.data === undefined ? null : then.data.campaign === null || then.data.progress === null ? (
            <Empty>The campaign had not been created then.</Empty>
          ) : (
            <>
              <p className="row">
                <Badge state={then.data.campaign.state} />
                <span className="quiet">
                  as of {time(now)}, after {count(then.data.events)} events
                </span>
              </p>
              <Overview
                campaign={then.data.campaign}
                progress={then.data.progress}
                samples={samplesOf(series, now)}
                at={now}
              />
            </>
          )}
        </div>
        <EventsAround id={campaign.id} now={now} onGo={go} />
      </div>
      <Compare campaign={campaign} series={series} now={now} />
    </div>
  );
}

const SHOWN = 40;

interface EventsProps {
  readonly id: string;
  readonly now: number;
  readonly onGo: (to: number) => void;
}

/** Each can be gone to: the state just after it. */
function EventsAround({ id, now, onGo }: EventsProps): ReactNode {
  const history = useQuery(historyOf(id));
  const past = (event: HistoryEvent): boolean => Date.parse(event.time) <= now;
  return (
    <Card title="Decisions until then">
      <Loaded query={history} what="the decisions">
        {({ items }) => (
          <ol className="timeline">
            {items
              .filter(past)
              .slice(-SHOWN)
              .reverse()
              .map((event) => (
                <li key={event.id} className={toneOfEvent(event)}>
                  <span className="knot">
                    <i />
                  </span>
                  <div className="what">
                    <button type="button" className="link" onClick={() => onGo(Date.parse(event.time))}>
                      {eventName(event.type)}
                    </button>
                    <span className="small quiet">
                      {clock(event.time)} · {event.actor.id}
                    </span>
                    <span className="small">{localTimes(detailOf(event))}</span>
                  </div>
                </li>
              ))}
          </ol>
        )}
      </Loaded>
    </Card>
  );
}

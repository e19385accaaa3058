/** Other limits over the recorded history: when would it have stopped, and what would that have spared? */
import { count, duration, time } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Campaign } from '../lib/types.ts';
import { type Series, useSeries } from '../replay/use-replay.ts';
import { Card, Figures } from '../ui/card.tsx';
import { TextField } from '../ui/field.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { type Finding, type Limits, type Moment, whatIf } from './calculate.ts';
import { useMoments } from './use-moments.ts';

export default function WhatIfTab({ campaign }: { readonly campaign: Campaign }) {
  const series = useSeries(campaign.id);
  if (!campaign.started)
    return <Empty>There is no history to calculate over before the campaign is started.</Empty>;
  return (
    <Loaded query={series} what="the time line">
      {(found) => <Calculation campaign={campaign} series={found} />}
    </Loaded>
  );
}

/** An empty or unreadable text is the fallback: what the link leaves out. */
const numberOf = (text: string, fallback: number): number => {
  const value = Number(text.replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(value) ? fallback : value;
};

function useLimits(campaign: Campaign) {
  const planned = campaign.policy.waves.map(({ gate }) => gate.failurePercent);
  const [waves, setWaves] = useQueryState('limits', planned.join('-'));
  const [slice, setSlice] = useQueryState('slice', '10');
  const [reaction, setReaction] = useQueryState('reaction', '0');
  const texts = waves.split('-');
  const limits: Limits = {
    waves: planned.map((limit, i) => numberOf(texts[i] ?? '', limit)),
    slice: slice.trim() === '' ? null : numberOf(slice, 10),
    reaction_s: Math.max(0, numberOf(reaction, 0)) * 60,
  };
  const setWave = (at: number, text: string): void =>
    setWaves(
      planned
        .map((limit, i) => (i === at ? text.replaceAll('-', '') : (texts[i] ?? String(limit))))
        .join('-'),
    );
  return { limits, texts, slice, setSlice, reaction, setReaction, setWave };
}

function Calculation({ campaign, series }: { readonly campaign: Campaign; readonly series: Series }) {
  const { limits, texts, slice, setSlice, reaction, setReaction, setWave } = useLimits(campaign);
  const moments = useMoments(campaign.id, series);
  return (
    <div className="stack">
      <p className="notice run">
        <span>
          <strong>This is a calculation.</strong> It looks at what was recorded and asks other limits of it.
          Nothing is changed, and nothing is sent to any vehicle.
        </span>
      </p>
      <div className="columns">
        <Card title="Other limits">
          <div className="stack">
            {campaign.policy.waves.map(({ name, gate }, i) => (
              <TextField
                key={name}
                id={`limit-${i}`}
                label={`Wave ${i + 1} (${name}): failure ≤ %`}
                hint={`Was ${gate.failurePercent} %.`}
                inputMode="decimal"
                value={texts[i] ?? ''}
                onChange={(text) => setWave(i, text)}
              />
            ))}
            <TextField
              id="slice"
              label="Any vehicle type in any region: failure ≤ %"
              hint="Counts only when it is exceeded beyond doubt (95 %). Empty = not looked at."
              inputMode="decimal"
              value={slice}
              onChange={setSlice}
            />
            <TextField
              id="reaction"
              label="Time until it is stopped, minutes"
              inputMode="decimal"
              value={reaction}
              onChange={setReaction}
            />
          </div>
        </Card>
        <div className="stack">
          <Card title="What would have happened">
            <Loaded query={moments} what="the recorded history">
              {(found) => <Outcome id={campaign.id} moments={found} finding={whatIf(found, limits)} />}
            </Loaded>
          </Card>
          <Card title="What it assumes">
            <Assumptions moments={moments.data ?? []} />
          </Card>
        </div>
      </div>
    </div>
  );
}

interface OutcomeProps {
  readonly id: string;
  readonly moments: readonly Moment[];
  readonly finding: Finding | null;
}

function Outcome({ id, moments, finding }: OutcomeProps) {
  const end = moments.at(-1)?.progress;
  if (finding === null)
    return (
      <Empty>
        It would not have been stopped by these limits: {count(end?.failed ?? 0)} vehicles fail, as they did.
      </Empty>
    );
  const first = moments.find(({ progress }) => progress !== null && progress.targets > progress.pending)?.at;
  const at = new Date(finding.noticedAt).toISOString();
  return (
    <div className="stack">
      <p>
        Stopped <strong>{time(finding.stoppedAt)}</strong>
        {first === undefined
          ? ''
          : `, ${duration((finding.stoppedAt - first) / 1000)} after the first outcome`}
        .{' '}
        <Link to={`/campaigns/${encodeURIComponent(id)}?tab=replay&at=${encodeURIComponent(at)}`}>
          Look at that moment
        </Link>
      </p>
      <p className="small">{finding.breach.why}.</p>
      <Figures
        label="What would have happened"
        figures={[
          {
            name: 'Failed',
            value: `${count(finding.failed + finding.expectedMore)}`,
            note: `${count(finding.failed)} by then, about ${count(finding.expectedMore)} of ${count(finding.inFlight)} in flight`,
          },
          {
            name: 'Spared',
            value: count(finding.spared),
            note: `of ${count(end?.failed ?? 0)} that failed`,
            tone: 'good',
          },
          { name: 'Without it', value: count(finding.without), note: 'vehicles that did get it later' },
        ]}
      />
    </div>
  );
}

function Assumptions({ moments }: { readonly moments: readonly Moment[] }) {
  const gaps = moments.slice(1).map(({ at }, i) => at - (moments[i]?.at ?? at));
  const widest = Math.max(0, ...gaps) / 1000;
  return (
    <ul className="stack small">
      <li>Until it stops, every vehicle does what it did, at the time it did it.</li>
      <li>Vehicles in flight then would have finished, and failed as often as those before them.</li>
      <li>Nobody would have done anything else: no other pause, resume or amendment.</li>
      <li>
        Waves, their order and their sizes are those of the campaign; no wave is released sooner or later.
      </li>
      {moments.length === 0 ? null : (
        <li>
          Looked at {count(moments.length)} recorded moments, at most {duration(widest)} apart: between two of
          them it could have been that much sooner.
        </li>
      )}
    </ul>
  );
}

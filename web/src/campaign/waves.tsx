/** Waves in their order, each with its gate: what it asks for, how it stands, and why it was decided as it was. */
import { duration, localTimes, percent, plural } from '../lib/format.ts';
import type { Campaign, Gate, Progress, Share, WaveView } from '../lib/types.ts';
import { Badge, toneOf } from '../ui/badge.tsx';
import { StackedBar } from '../ui/bars.tsx';
import { Ago } from '../ui/time.tsx';
import { waveState } from './tables.ts';

interface WavesProps {
  readonly campaign: Campaign;
  readonly progress: Progress;
}

export function Waves({ campaign, progress }: WavesProps) {
  return (
    <ol className="timeline">
      {campaign.waves.map((wave) => {
        const share = progress.waves.find((one) => one.wave === wave.wave);
        const planned = campaign.plan?.waves[wave.wave - 1] ?? 0;
        const state = waveState(wave.state, share?.state);
        return (
          <li key={wave.wave} className={toneOf(state)}>
            <span className="knot">
              <i />
            </span>
            <Wave
              wave={wave}
              state={state}
              share={share}
              planned={planned}
              gate={campaign.policy.waves[wave.wave - 1]?.gate}
            />
          </li>
        );
      })}
    </ol>
  );
}

interface WaveProps {
  readonly wave: WaveView;
  readonly state: string;
  readonly share: Share | undefined;
  readonly planned: number;
  readonly gate: Gate | undefined;
}

function Wave({ wave, state, share, planned, gate }: WaveProps) {
  const { targets, succeeded, failed, pending } = share ?? {
    targets: planned,
    succeeded: 0,
    failed: 0,
    pending: planned,
  };
  const of = (value: number, all = targets): string => percent(all <= 0 ? 0 : value / all);
  // As gates count it: what is excused is no target of a success.
  const excused = targets - pending - succeeded - failed;
  return (
    <div className="what">
      <div className="row">
        <h3>
          {wave.wave}. {wave.name}
        </h3>
        <Badge state={state} />
        <span className="small quiet">{plural(targets, 'vehicle')}</span>
      </div>
      <StackedBar
        total={targets}
        label={`${wave.name}: ${succeeded} succeeded, ${failed} failed, ${pending} pending of ${targets}`}
        parts={[
          { name: 'Succeeded', value: succeeded, color: 'var(--good)' },
          { name: 'Failed', value: failed, color: 'var(--bad-fill)' },
          { name: 'Excused', value: excused, color: 'var(--line-strong)' },
        ]}
      />
      {gate === undefined ? null : (
        <p className="small quiet">
          Success {of(succeeded, targets - excused)}, needs ≥ {percent(gate.successPercent / 100)} · failure{' '}
          {of(failed)}, allowed ≤ {percent(gate.failurePercent / 100)}
          {gate.soak_s === 0 ? '' : ` · soak ${duration(gate.soak_s)}`}
          {gate.confirm ? ' · confirmed by a person' : ''}
        </p>
      )}
      {wave.gate === null ? null : (
        <p className="small">
          {localTimes(wave.gate.reason)}
          {state === 'soaking' && wave.gate.soakUntil !== null ? (
            <span className="quiet">
              {' '}
              · soaks until <Ago at={wave.gate.soakUntil} />
            </span>
          ) : null}
        </p>
      )}
    </div>
  );
}

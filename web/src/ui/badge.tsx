import { words } from '../lib/format.ts';

export type Tone = 'run' | 'good' | 'bad' | 'warn' | 'idle';

const TONES: Readonly<Record<string, Tone>> = {
  running: 'run',
  released: 'run',
  soaking: 'run',
  offered: 'run',
  accepted: 'run',
  downloading: 'run',
  downloaded: 'run',
  installing: 'run',
  scheduled: 'run',
  validated: 'run',
  completed: 'good',
  reviewed: 'good',
  passed: 'good',
  confirmed: 'good',
  succeeded: 'good',
  satisfied: 'good',
  failed: 'bad',
  reverted: 'bad',
  'timed-out': 'bad',
  aborted: 'bad',
  aborting: 'bad',
  withdrawn: 'bad',
  paused: 'warn',
  held: 'warn',
  'awaiting-confirmation': 'warn',
  'targets-frozen': 'warn',
  approved: 'warn',
};

export const toneOf = (state: string): Tone => TONES[state] ?? 'idle';

const SAID: Readonly<Record<string, string>> = {
  'targets-frozen': 'Awaits approval',
  approved: 'Ready to start',
  'targeting-defined': 'Freezing targets',
  created: 'Draft',
};

export function Badge({
  state,
  text,
  tone,
}: {
  readonly state: string;
  readonly text?: string;
  readonly tone?: Tone;
}) {
  return <span className={`badge ${tone ?? toneOf(state)}`}>{text ?? SAID[state] ?? words(state)}</span>;
}

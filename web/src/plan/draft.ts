/** A plan while it is being written: texts, as fields have them, until it is sent. */
import type { Campaign, Policy } from '../lib/types.ts';

export interface WaveDraft {
  readonly key: string;
  readonly name: string;
  readonly unit: 'percent' | 'vehicles' | 'rest';
  readonly size: string;
  readonly success: string;
  readonly failure: string;
  readonly soakMinutes: string;
  readonly confirm: boolean;
}

export interface Draft {
  readonly id: string;
  readonly title: string;
  readonly purpose: string;
  readonly artifacts: readonly string[];
  readonly query: string;
  readonly waves: readonly WaveDraft[];
  readonly windowed: boolean;
  readonly from: string;
  readonly to: string;
  readonly maxInFlight: string;
  readonly offersPerMinute: string;
  readonly maxAttempts: string;
  /** What has no field: kept as it was. */
  readonly base: Partial<Policy>;
}

let made = 0;
export const newWave = (wave: Omit<WaveDraft, 'key'>): WaveDraft => ({ key: `w${made++}`, ...wave });

const GATE = { success: '95', failure: '5', soakMinutes: '60', confirm: false };

export const emptyDraft = (): Draft => ({
  id: '',
  title: '',
  purpose: '',
  artifacts: [],
  query: '',
  waves: [
    newWave({ name: 'pilot', unit: 'percent', size: '5', ...GATE }),
    newWave({ name: 'early', unit: 'percent', size: '25', ...GATE }),
    newWave({ name: 'rest', unit: 'rest', size: '', ...GATE, soakMinutes: '0' }),
  ],
  windowed: true,
  from: '01:00',
  to: '05:00',
  maxInFlight: '1000',
  offersPerMinute: '',
  maxAttempts: '3',
  base: {},
});

/** With one more: before the last one where that takes the rest, or else at the end. */
export function withWave(waves: readonly WaveDraft[]): readonly WaveDraft[] {
  const taken = new Set(waves.map(({ name }) => name));
  let number = waves.length + 1;
  while (taken.has(`wave-${number}`)) number++;
  const wave = newWave({ name: `wave-${number}`, unit: 'percent', size: '10', ...GATE });
  const at = waves.at(-1)?.unit === 'rest' ? waves.length - 1 : waves.length;
  return [...waves.slice(0, at), wave, ...waves.slice(at)];
}

/** Two neighbours change places, with their gates. What takes the rest stays at the end: only the last one can. */
export function moveWave(waves: readonly WaveDraft[], at: number, by: -1 | 1): readonly WaveDraft[] {
  const [first, second] = [waves[Math.min(at, at + by)], waves[Math.max(at, at + by)]];
  if (first === undefined || second === undefined) return waves;
  const { unit, size } = first;
  const [above, below] =
    second.unit === 'rest'
      ? [
          { ...second, unit, size },
          { ...first, unit: second.unit, size: second.size },
        ]
      : [second, first];
  return waves.map((wave) => (wave.key === first.key ? above : wave.key === second.key ? below : wave));
}

export function draftOf({ id, title, purpose, policy, query }: Campaign): Draft {
  const text = (value: number | null): string => (value === null ? '' : String(value));
  return {
    id,
    title,
    purpose,
    artifacts: policy.artifacts,
    query: query ?? '',
    waves: policy.waves.map(({ name, size, gate }) =>
      newWave({
        name,
        unit: 'rest' in size ? 'rest' : 'percent' in size ? 'percent' : 'vehicles',
        size: 'rest' in size ? '' : String('percent' in size ? size.percent : size.vehicles),
        success: String(gate.successPercent),
        failure: String(gate.failurePercent),
        soakMinutes: String(Math.round((gate.soak_s / 60) * 100) / 100),
        confirm: gate.confirm,
      }),
    ),
    windowed: policy.window !== null,
    from: policy.window?.from ?? '01:00',
    to: policy.window?.to ?? '05:00',
    maxInFlight: text(policy.maxInFlight),
    offersPerMinute: text(policy.offersPerMinute),
    maxAttempts: String(policy.maxAttempts),
    base: policy,
  };
}

const numberOrNull = (text: string): number | null => (text.trim() === '' ? null : Number(text));

const sizeOf = ({ unit, size }: WaveDraft) =>
  unit === 'rest'
    ? { rest: true as const }
    : unit === 'percent'
      ? { percent: Number(size) }
      : { vehicles: Number(size) };

/** The server judges it; a text that is no number reaches it as one that it refuses by name. */
export const policyOf = (draft: Draft): object => ({
  ...draft.base,
  artifacts: draft.artifacts,
  waves: draft.waves.map((wave) => ({
    name: wave.name,
    size: sizeOf(wave),
    gate: {
      successPercent: Number(wave.success),
      failurePercent: Number(wave.failure),
      soak_s: Math.round(Number(wave.soakMinutes) * 60),
      confirm: wave.confirm,
    },
  })),
  window: draft.windowed ? { ...draft.base.window, from: draft.from, to: draft.to } : null,
  maxInFlight: numberOrNull(draft.maxInFlight),
  offersPerMinute: numberOrNull(draft.offersPerMinute),
  maxAttempts: Number(draft.maxAttempts),
});

/** `Spring update 2026` → `spring-update-2026`. */
export const idFrom = (title: string): string =>
  title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);

/** Which field of the form a refused command means. Pure. */
import { type FieldError, isAt, type Placed, placedBy } from '../lib/placed.ts';
import type { WaveDraft } from './draft.ts';

/** JSON Pointers of a campaign that is created or amended, or has its query set; a part below counts for its field. */
const FIELDS: readonly (readonly [pointer: string, field: string])[] = [
  ['/path/campaignId', 'id'],
  ['/title', 'title'],
  ['/purpose', 'purpose'],
  ['/query', 'query'],
  ['/policy/artifacts', 'artifacts'],
  ['/policy/window/from', 'from'],
  ['/policy/window/to', 'to'],
  ['/policy/maxInFlight', 'flight'],
  ['/policy/offersPerMinute', 'rate'],
  ['/policy/maxAttempts', 'attempts'],
];

const WAVE_FIELDS: readonly (readonly [pointer: string, field: string])[] = [
  ['name', 'name'],
  ['size', 'size'],
  ['gate/successPercent', 'ok'],
  ['gate/failurePercent', 'bad'],
  ['gate/soak_s', 'soak'],
];

/** The same of one wave, for `/waves` and what is below it. */
export function waveFieldOf(path: string, waves: readonly WaveDraft[]): string | null {
  if (path === '/waves') return 'waves';
  const [, index = '', rest = ''] = /^\/waves\/(\d+)\/(.+)$/.exec(path) ?? [];
  const wave = waves[Number(index)];
  const part = WAVE_FIELDS.find(([pointer]) => isAt(rest, pointer))?.[1];
  return index === '' || wave === undefined || part === undefined ? null : `wave-${wave.key}-${part}`;
}

/** The field's id, or null where the form has none for it. */
const fieldOf = (path: string, waves: readonly WaveDraft[]): string | null =>
  FIELDS.find(([pointer]) => isAt(path, pointer))?.[1] ??
  (path.startsWith('/policy/') ? waveFieldOf(path.slice('/policy'.length), waves) : null);

/** @param waves as they were when they were sent: a wave keeps its errors when it is moved. */
export const placed = (errors: readonly FieldError[], waves: readonly WaveDraft[]): Placed =>
  placedBy(errors, (path) => fieldOf(path, waves));

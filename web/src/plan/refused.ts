/** Which field of the form a refused command means. Pure. */
import type { WaveDraft } from './draft.ts';

interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface Placed {
  /** Messages by the id of their field. */
  readonly at: Readonly<Record<string, string>>;
  /** Paths that have their field. */
  readonly paths: readonly string[];
}

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

const isAt = (path: string, pointer: string): boolean => path === pointer || path.startsWith(`${pointer}/`);

/** The field's id, or null where the form has none for it. */
function fieldOf(path: string, waves: readonly WaveDraft[]): string | null {
  const field = FIELDS.find(([pointer]) => isAt(path, pointer))?.[1];
  if (field !== undefined) return field;
  if (path === '/policy/waves') return 'waves';
  const [, index = '', rest = ''] = /^\/policy\/waves\/(\d+)\/(.+)$/.exec(path) ?? [];
  const wave = waves[Number(index)];
  const part = WAVE_FIELDS.find(([pointer]) => isAt(rest, pointer))?.[1];
  return index === '' || wave === undefined || part === undefined ? null : `wave-${wave.key}-${part}`;
}

/** @param waves as they were when they were sent: a wave keeps its errors when it is moved. */
export function placed(errors: readonly FieldError[], waves: readonly WaveDraft[]): Placed {
  const at: Record<string, string> = {};
  const paths: string[] = [];
  for (const { path, message } of errors) {
    const field = fieldOf(path, waves);
    if (field === null) continue;
    at[field] = at[field] === undefined ? message : `${at[field]}; ${message}`;
    paths.push(path);
  }
  return { at, paths };
}

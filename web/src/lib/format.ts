/** Numbers and times as the reader's locale writes them. */

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const oneDigit = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const hourMinute = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });
const bytesUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export const count = (value: number): string => whole.format(value);
export const compact = (value: number): string =>
  value < 10_000 ? whole.format(value) : short.format(value);
/** @param share from 0 to 1. */
export const percent = (share: number): string => oneDigit.format(share);
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A number and the words for so many, apart. */
export const counted = (value: number, one: string, many: string): readonly [string, string] => [
  count(value),
  value === 1 ? one : many,
];

const instant = (at: string | number): Date => new Date(at);
export const time = (at: string | number): string => dateTime.format(instant(at));
export const clock = (at: string | number): string => timeOnly.format(instant(at));
export const minute = (at: string | number): string => hourMinute.format(instant(at));
export const day = (at: string | number): string => dateOnly.format(instant(at));

/** In the vehicle's own zone, with its name, because the reader's is another one. */
export const timeIn = (at: string, timeZone: string): string => {
  try {
    const options = { dateStyle: 'medium', timeStyle: 'short', timeZone } as const;
    return `${new Intl.DateTimeFormat(undefined, options).format(instant(at))} (${timeZone})`;
  } catch {
    return time(at);
  }
};

const STEPS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** "3 min. ago", "in 2 hr." */
export function ago(at: string | number, now = Date.now()): string {
  const seconds = Math.round((instant(at).getTime() - now) / 1000);
  const [unit, size] = STEPS.find(([, least]) => Math.abs(seconds) >= least) ?? ['second', 1];
  return relative.format(Math.round(seconds / size), unit);
}

/** "1 h 20 min" of seconds. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(bytesUnits.length - 1, Math.floor(Math.log10(value) / 3));
  const unit = bytesUnits[step] ?? 'byte';
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(value / 1000 ** step);
}

const regions = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'none' });

/** "France (FR)"; a code that has no name stays as it is. */
export function regionName(code: string): string {
  if (code === '') return 'No region';
  try {
    const name = regions.of(code);
    return name === undefined ? code : `${name} (${code})`;
  } catch {
    return code;
  }
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** What the engine wrote, with instants in the reader's time as everywhere on the page. */
export const localTimes = (text: string): string => text.replaceAll(INSTANT, (at) => time(at));

/** `targets-frozen` is for machines. */
export const words = (code: string): string => {
  const text = code.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const INITIALS = /\b(tcu|ecu|api)\b/gi;

/** `CampaignPaused` is for machines. */
export const eventName = (type: string): string =>
  type
    .replaceAll(
      /([a-z])([A-Z])/g,
      (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    )
    .replaceAll(INITIALS, (initials) => initials.toUpperCase());

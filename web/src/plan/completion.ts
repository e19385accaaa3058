/** What could stand next in a target query, at the caret. The server alone says whether a query is right. */

export const SELECTORS = [
  'brand',
  'model',
  'variant',
  'region',
  'tag',
  'vin',
  'vehicle',
  'timeZone',
  'buildDate',
  'ecu.TYPE.software',
  'ecu.TYPE.hardwarePart',
  'ecu.TYPE.present',
] as const;

const EQUALITY = ['==', '!=', '=in=(', '=out=('];
const ORDERED = [...EQUALITY, '=lt=', '=le=', '=gt=', '=ge='];
const JOINS = [';', ','];
const MOST = 12;

export type Facets = Readonly<
  Record<string, readonly { readonly value: string; readonly vehicles: number }[]>
>;

export interface Completion {
  /** Where what is written begins that a choice takes the place of. */
  readonly from: number;
  readonly choices: readonly string[];
}

const isOrdered = (selector: string): boolean => /software|Version|buildDate/.test(selector);
const begins = (choices: readonly string[], typed: string): readonly string[] =>
  choices.filter((one) => one.toLowerCase().startsWith(typed.toLowerCase()) && one !== typed).slice(0, MOST);

/** The values of a list need quotes where they hold what means something to the language. */
const written = (value: string): string =>
  /^[\w.*-]+$/.test(value) ? value : `'${value.replaceAll("'", "\\'")}'`;

export function completionAt(query: string, caret: number, facets: Facets): Completion {
  const before = query.slice(0, caret);
  const inList = /([\w.]+)(=in=|=out=)\(([^()]*)$/.exec(before);
  if (inList !== null) {
    const typed = inList[3]?.split(',').at(-1) ?? '';
    return { from: caret - typed.length, choices: valuesOf(facets, inList[1] ?? '', typed) };
  }
  const comparison =
    before
      .split(/[;,(]|\band\b|\bor\b/)
      .at(-1)
      ?.trimStart() ?? '';
  const compared = /^([\w.]+)\s*(==|!=|=[a-z]+=|[<>]=?)\s*(.*)$/.exec(comparison);
  if (compared !== null) {
    const typed = compared[3] ?? '';
    return { from: caret - typed.length, choices: valuesOf(facets, compared[1] ?? '', typed) };
  }
  if (/[)\w'"]\)$/.test(before.trimEnd())) return { from: caret, choices: JOINS };
  const named = /^([\w.]+?)(=[a-z]*|!)?$/.exec(comparison);
  const name = named?.[1] ?? '';
  if ((SELECTORS as readonly string[]).includes(name) || /^ecu\.\w+\.\w+/.test(name)) {
    const typed = named?.[2] ?? '';
    return { from: caret - typed.length, choices: begins(isOrdered(name) ? ORDERED : EQUALITY, typed) };
  }
  return { from: caret - comparison.length, choices: begins(SELECTORS, comparison) };
}

function valuesOf(facets: Facets, selector: string, typed: string): readonly string[] {
  const values = (facets[selector] ?? []).map(({ value }) => value).filter((value) => value !== '');
  const found = begins(values.map(written), typed);
  return found.length === 0 && typed !== '' ? JOINS : found;
}

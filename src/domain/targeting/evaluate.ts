/**
 * What a query means. `!=` and `=out=` are the exact opposites of `==` and `=in=`: they hold for a vehicle that has
 * nothing of the kind. A vehicle with several ECUs of a type matches `==`, `=in=` and orderings when one of them does.
 */
import { regionCovers } from '../artifact/compatibility.ts';
import { compareVersions, sameVersion } from '../shared/version.ts';
import type { Ecu } from '../vehicle/events.ts';
import { type Comparison, listOf, type Operator, type Pattern, type Query, type Selector } from './ast.ts';
import { hasWildcard, matchesPattern, plainText } from './pattern.ts';

/** What many vehicles have in common. ECUs count without their serials. */
export interface ConfigurationFacts {
  readonly brand: string;
  readonly model: string;
  readonly variant: string;
  readonly region: string;
  readonly timeZone: string;
  readonly tags: readonly string[];
  readonly ecus: readonly Pick<Ecu, 'type' | 'hardware' | 'components'>[];
}

/** What each vehicle has for itself. */
export interface SingleFacts {
  readonly vehicleId: string;
  readonly vin: string;
  /** YYYY-MM-DD, or null where it is not known. */
  readonly buildDate: string | null;
  isInList(listId: string): boolean;
}

/** Selectors that are answered for one vehicle, not for all of its configuration. */
export const isSingle = ({ field }: Selector): boolean =>
  field === 'vehicle' || field === 'vin' || field === 'buildDate';

export const matchesQuery = (query: Query, vehicle: ConfigurationFacts & SingleFacts): boolean =>
  evaluate(query, (comparison) =>
    isSingle(comparison.selector)
      ? matchesSingle(comparison, vehicle)
      : matchesConfiguration(comparison, vehicle),
  );

export function evaluate(query: Query, holds: (comparison: Comparison) => boolean): boolean {
  if (query.kind === 'compare') return holds(query);
  return query.kind === 'and'
    ? query.nodes.every((node) => evaluate(node, holds))
    : query.nodes.some((node) => evaluate(node, holds));
}

/** `vehicle==*` (or `!=`): nobody has to be asked, so that choosing everybody costs nothing. */
const isForAll = ({ selector, operator, values }: Comparison): boolean =>
  (selector.field === 'vehicle' || selector.field === 'vin') &&
  (operator === '==' || operator === '!=') &&
  values.every((value) => hasWildcard(value) && value.every((piece) => piece === ''));

/** What is left of a query for the vehicles of one configuration: settled, or a question to each vehicle. */
export function reduceQuery(query: Query, configuration: ConfigurationFacts): boolean | Query {
  if (query.kind === 'compare') {
    if (!isSingle(query.selector)) return matchesConfiguration(query, configuration);
    return isForAll(query) ? query.operator === '==' : query;
  }
  const decisive = query.kind === 'or';
  const open: Query[] = [];
  for (const node of query.nodes) {
    const reduced = reduceQuery(node, configuration);
    if (reduced === decisive) return decisive;
    if (typeof reduced !== 'boolean') open.push(reduced);
  }
  const [first] = open;
  if (first === undefined) return !decisive;
  return open.length === 1 ? first : { kind: query.kind, nodes: open };
}

/** A comparison whose selector is not single. */
export function matchesConfiguration(comparison: Comparison, facts: ConfigurationFacts): boolean {
  const { selector, operator, values } = comparison;
  const candidates =
    selector.kind === 'ecu' ? ecuTexts(selector, facts) : vehicleTexts(selector.field, facts);
  return compare(operator, values, candidates, equalityOf(selector), orderOf(selector));
}

/** A comparison whose selector is single. */
export function matchesSingle({ selector, operator, values }: Comparison, facts: SingleFacts): boolean {
  if (selector.field === 'buildDate') {
    const dates = facts.buildDate === null ? [] : [facts.buildDate];
    return compare(operator, values, dates, matchesPattern, byText);
  }
  const id = selector.field === 'vin' ? facts.vin : facts.vehicleId;
  const equals = (value: Pattern, text: string): boolean => {
    const list = selector.field === 'vehicle' ? listOf(value) : null;
    return list === null ? matchesPattern(value, text) : facts.isInList(list);
  };
  return compare(operator, values, [id], equals, byText);
}

type Equality = (value: Pattern, text: string) => boolean;
/** Negative where the first is before the second; null where they have no order. */
type Order = (a: string, b: string) => number | null;

const byText: Order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const sameRegion: Equality = (value, text) =>
  hasWildcard(value) ? matchesPattern(value, text) : regionCovers(plainText(value), text);
/** 1.2.0 is v1.2.0, but 1.2.0+7 is other software than 1.2.0+8. */
const sameVersionText: Equality = (value, text) =>
  hasWildcard(value) ? matchesPattern(value, text) : sameVersion(text, plainText(value));

function equalityOf({ field }: Selector): Equality {
  if (field === 'region') return sameRegion;
  return field === 'software' || field === 'hardwareVersion' ? sameVersionText : matchesPattern;
}
const orderOf = (selector: Selector): Order =>
  selector.kind === 'ecu' ? (a, b) => compareVersions(a, b) : byText;

function compare(
  operator: Operator,
  values: readonly Pattern[],
  candidates: readonly string[],
  equals: Equality,
  order: Order,
): boolean {
  const anyEqual = (): boolean => candidates.some((text) => values.some((value) => equals(value, text)));
  if (operator === '==' || operator === '=in=') return anyEqual();
  if (operator === '!=' || operator === '=out=') return !anyEqual();
  const bound = plainText(values[0] ?? ['']);
  return candidates.some((text) => {
    const difference = order(text, bound);
    return difference !== null && inOrder(operator, difference);
  });
}

function inOrder(operator: '<' | '<=' | '>' | '>=', difference: number): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

function vehicleTexts(field: string, facts: ConfigurationFacts): readonly string[] {
  switch (field) {
    case 'tag':
      return facts.tags;
    case 'brand':
    case 'model':
    case 'variant':
    case 'region':
    case 'timeZone':
      return [facts[field]];
    default:
      throw new Error(`${field} is not a selector of a configuration`);
  }
}

function ecuTexts(
  selector: Extract<Selector, { kind: 'ecu' }>,
  facts: ConfigurationFacts,
): readonly string[] {
  const ecus = facts.ecus.filter((ecu) => ecu.type === selector.type);
  switch (selector.field) {
    case 'present':
      return [String(ecus.length > 0)];
    case 'hardwarePart':
      return ecus.map((ecu) => ecu.hardware.part);
    case 'hardwareVersion':
      return ecus.map((ecu) => ecu.hardware.version);
    case 'software':
      return ecus.flatMap((ecu) =>
        ecu.components.filter(({ name }) => name === selector.component).map((one) => one.softwareVersion),
      );
  }
}

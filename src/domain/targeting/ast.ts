/**
 * The target query language (DESIGN §8): RSQL/FIQL over vehicles, such as
 * `model==X;region==DE;ecu.TCM.software=lt=2.1.0;tag=in=(beta,pilot)`. `;` (or `and`) binds tighter than `,` (or `or`).
 */

/** Attributes of a vehicle as a whole. `vehicle` takes ids (and lists of them), `vin` takes VINs. */
export const VEHICLE_FIELDS = [
  'vehicle',
  'vin',
  'brand',
  'model',
  'variant',
  'region',
  'timeZone',
  'tag',
  'buildDate',
] as const;
export type VehicleField = (typeof VEHICLE_FIELDS)[number];

/** Attributes of an ECU type: `ecu.TCM.software`, or `ecu.TCM.maps.software` for another component than `main`. */
export const ECU_FIELDS = ['software', 'hardwarePart', 'hardwareVersion', 'present'] as const;
export type EcuField = (typeof ECU_FIELDS)[number];

export type Selector =
  | { readonly kind: 'vehicle'; readonly field: VehicleField }
  | {
      readonly kind: 'ecu';
      readonly type: string;
      /** Of the software; `main` for the other fields. */
      readonly component: string;
      readonly field: EcuField;
    };

export const OPERATORS = ['==', '!=', '=in=', '=out=', '<', '<=', '>', '>='] as const;
export type Operator = (typeof OPERATORS)[number];

/** Text with wildcards between its pieces: `['a']` is just `a`, `['a', 'b', '']` is `a*b*`. Never empty. */
export type Pattern = readonly string[];

export interface Comparison {
  readonly kind: 'compare';
  readonly selector: Selector;
  readonly operator: Operator;
  /** One, except for `=in=` and `=out=`, which take one or more. Wildcards only with `==` and `!=`. */
  readonly values: readonly Pattern[];
}

/** Both have two or more nodes, none of their own kind: queries that mean the same grouping are the same data. */
export type Query =
  | Comparison
  | { readonly kind: 'and'; readonly nodes: readonly Query[] }
  | { readonly kind: 'or'; readonly nodes: readonly Query[] };

/** Joins one or more queries; nested ones of the same kind become one. */
export function join(kind: 'and' | 'or', nodes: readonly Query[]): Query {
  const flat = nodes.flatMap((node) => (node.kind === kind ? node.nodes : [node]));
  const [first] = flat;
  return flat.length === 1 && first !== undefined ? first : { kind, nodes: flat };
}

/** In `vehicle=in=list:{id}`: what a value that names an uploaded list begins with. No vehicle id has a colon. */
const LIST_PREFIX = 'list:';

/** The list that a value of the selector `vehicle` names, or null when it is a vehicle id. */
export function listOf(value: Pattern): string | null {
  const [text, ...more] = value;
  if (text === undefined || more.length > 0 || !text.startsWith(LIST_PREFIX)) return null;
  return text.slice(LIST_PREFIX.length);
}

/** Every comparison of a query, from left to right. */
export const comparisonsOf = (query: Query): readonly Comparison[] =>
  query.kind === 'compare' ? [query] : query.nodes.flatMap(comparisonsOf);

/** Ids of the lists that a query names, each once. */
export function listsIn(query: Query): readonly string[] {
  const ids = comparisonsOf(query)
    .filter(({ selector }) => selector.kind === 'vehicle' && selector.field === 'vehicle')
    .flatMap(({ values }) => values.map(listOf))
    .filter((id) => id !== null);
  return [...new Set(ids)];
}

export const selectorName = (selector: Selector): string => {
  if (selector.kind === 'vehicle') return selector.field;
  const { type, component, field } = selector;
  return component === 'main' ? `ecu.${type}.${field}` : `ecu.${type}.${component}.${field}`;
};

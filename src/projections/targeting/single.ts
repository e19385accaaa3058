/** Questions that each vehicle answers for itself: its id, the lists it is in, its build date. */
import {
  type Comparison,
  listOf,
  type Operator,
  type Pattern,
  type Query,
} from '../../domain/targeting/ast.ts';
import { matchesSingle } from '../../domain/targeting/evaluate.ts';
import { hasWildcard, matchesPattern, plainText } from '../../domain/targeting/pattern.ts';
import { VehicleSet } from './columns.ts';
import { dateOf, type VehicleTable } from './vehicle-table.ts';

export type VehiclePredicate = (vehicle: number) => boolean;

const nobodyIsIn = (): boolean => false;
const isPositive = (operator: Operator): boolean => operator === '==' || operator === '=in=';
/** Days that the column of build dates can hold. */
const DAYS = 2 ** 16;

/** Predicates for one point of the log; vehicles that come later are not known to them. */
export class SingleQuestions {
  readonly #table: VehicleTable;
  readonly #compiled = new Map<Comparison, VehiclePredicate>();

  constructor(table: VehicleTable) {
    this.#table = table;
  }

  /** @param query all its comparisons have single selectors. */
  predicate(query: Query): VehiclePredicate {
    if (query.kind === 'compare') return this.#comparison(query);
    const nodes = query.nodes.map((node) => this.predicate(node));
    const decisive = query.kind === 'or';
    return (vehicle) => {
      for (const node of nodes) if (node(vehicle) === decisive) return decisive;
      return !decisive;
    };
  }

  /** The only vehicles that can match, each once, where the query names them; null where it may be any. */
  candidates(query: Query): readonly number[] | null {
    const named = this.#named(query);
    return named === null ? null : [...new Set(named)];
  }

  #named(query: Query): readonly number[] | null {
    if (query.kind === 'compare') {
      const { field } = query.selector;
      const names = (field === 'vehicle' || field === 'vin') && !query.values.some(hasWildcard);
      return names && isPositive(query.operator) ? this.#numbersOf(query) : null;
    }
    const all = query.nodes.map((node) => this.#named(node));
    const known = all.filter((one) => one !== null);
    if (query.kind === 'or') return known.length === all.length ? known.flat() : null;
    return known.reduce<readonly number[] | null>(
      (least, one) => (least === null || one.length < least.length ? one : least),
      null,
    );
  }

  /** Of the values that name vehicles; patterns name none. */
  #numbersOf({ selector, values }: Comparison): number[] {
    const numbers: number[] = [];
    for (const value of values) {
      if (hasWildcard(value)) continue;
      const list = selector.field === 'vehicle' ? listOf(value) : null;
      if (list !== null) {
        for (const vehicle of this.#table.list(list) ?? []) numbers.push(vehicle);
        continue;
      }
      const vehicle = this.#table.dictionary.find(plainText(value));
      if (vehicle >= 0) numbers.push(vehicle);
    }
    return numbers;
  }

  #comparison(comparison: Comparison): VehiclePredicate {
    const known = this.#compiled.get(comparison);
    if (known !== undefined) return known;
    const made =
      comparison.selector.field === 'buildDate' ? this.#builtOn(comparison) : this.#identity(comparison);
    this.#compiled.set(comparison, made);
    return made;
  }

  /** There are few days, so each is decided once. */
  #builtOn(comparison: Comparison): VehiclePredicate {
    const { builtOn } = this.#table;
    /** By day: 0 = not asked yet, 1 = no, 2 = yes. */
    const answers = new Uint8Array(DAYS);
    return (vehicle) => {
      const day = builtOn.get(vehicle);
      if (answers[day] === 0) {
        const facts = { vehicleId: '', vin: '', buildDate: dateOf(day), isInList: nobodyIsIn };
        answers[day] = matchesSingle(comparison, facts) ? 2 : 1;
      }
      return answers[day] === 2;
    };
  }

  #identity(comparison: Comparison): VehiclePredicate {
    const { dictionary } = this.#table;
    const named = new VehicleSet(dictionary.size);
    for (const vehicle of this.#numbersOf(comparison)) named.add(vehicle);
    const wanted = isPositive(comparison.operator);
    const patterns = comparison.values.filter(hasWildcard).map((pattern) => this.#like(pattern));
    if (patterns.length === 0) return (vehicle) => named.has(vehicle) === wanted;
    return (vehicle) => (named.has(vehicle) || patterns.some((like) => like(vehicle))) === wanted;
  }

  /** Most patterns are the beginning of a VIN: bytes are compared before an id is made a text. */
  #like(pattern: Pattern): VehiclePredicate {
    const { dictionary } = this.#table;
    const [first = '', ...rest] = pattern;
    const beginning = dictionary.beginning(first);
    if (rest.length === 1 && rest[0] === '') return beginning;
    return (vehicle) => beginning(vehicle) && matchesPattern(pattern, dictionary.idOf(vehicle));
  }
}

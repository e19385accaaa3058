/** Questions that each vehicle answers for itself: its id, the lists it is in, its build date. */
import { type Comparison, listOf, type Pattern, type Query } from '../../domain/targeting/ast.ts';
import { evaluate, matchesSingle } from '../../domain/targeting/evaluate.ts';
import { hasWildcard, plainText } from '../../domain/targeting/pattern.ts';
import { VehicleSet } from './columns.ts';
import { dateOf, type VehicleTable } from './vehicle-table.ts';

export type VehiclePredicate = (vehicle: number) => boolean;

const nobodyIsIn = (): boolean => false;

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
    return (vehicle) => evaluate(query, (comparison) => this.#comparison(comparison)(vehicle));
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
    const answers = new Map<number, boolean>();
    return (vehicle) => {
      const day = builtOn.get(vehicle);
      let answer = answers.get(day);
      if (answer === undefined) {
        const facts = { vehicleId: '', vin: '', buildDate: dateOf(day), isInList: nobodyIsIn };
        answer = matchesSingle(comparison, facts);
        answers.set(day, answer);
      }
      return answer;
    };
  }

  #identity({ operator, values, selector }: Comparison): VehiclePredicate {
    const { dictionary } = this.#table;
    const named = new VehicleSet(dictionary.size);
    const patterns: Pattern[] = [];
    for (const value of values) {
      const list = selector.field === 'vehicle' ? listOf(value) : null;
      if (list !== null) for (const vehicle of this.#table.list(list) ?? []) named.add(vehicle);
      else if (hasWildcard(value)) patterns.push(value);
      else {
        const vehicle = dictionary.find(plainText(value));
        if (vehicle >= 0) named.add(vehicle);
      }
    }
    const wanted = operator === '==' || operator === '=in=';
    if (patterns.length === 0) return (vehicle) => named.has(vehicle) === wanted;
    const like: Comparison = { kind: 'compare', selector, operator: '==', values: patterns };
    return (vehicle) => {
      const id = dictionary.idOf(vehicle);
      const facts = { vehicleId: id, vin: id, buildDate: null, isInList: nobodyIsIn };
      return (named.has(vehicle) || matchesSingle(like, facts)) === wanted;
    };
  }
}

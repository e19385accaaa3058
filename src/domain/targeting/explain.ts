/** Why a query matches a vehicle or not: every comparison, and how it came out. */
import { type Comparison, comparisonsOf, type Query } from './ast.ts';
import {
  type ConfigurationFacts,
  evaluate,
  isSingle,
  matchesConfiguration,
  matchesSingle,
  type SingleFacts,
} from './evaluate.ts';
import { printQuery } from './print.ts';

export interface ExplainedQuery {
  readonly matches: boolean;
  /** In the order of the query; each as it would be written alone. */
  readonly clauses: readonly { readonly clause: string; readonly holds: boolean }[];
}

export function explainQuery(query: Query, vehicle: ConfigurationFacts & SingleFacts): ExplainedQuery {
  const holds = (comparison: Comparison): boolean =>
    isSingle(comparison.selector)
      ? matchesSingle(comparison, vehicle)
      : matchesConfiguration(comparison, vehicle);
  return {
    matches: evaluate(query, holds),
    clauses: comparisonsOf(query).map((one) => ({ clause: printQuery(one), holds: holds(one) })),
  };
}

/** Whom a query matches: whole configurations where that is settled, one vehicle after another where it is not. */
import { CHUNK_SIZE } from './columns.ts';
import { NO_CONFIGURATION } from './configurations.ts';
import { type QueryAnswers, SINGLE, YES } from './judgements.ts';
import { SingleQuestions, type VehiclePredicate } from './single.ts';
import type { VehicleTable } from './vehicle-table.ts';

/** Of one query at one point of the log: not to be used after the next event. */
export class Matching {
  /** Vehicles of each configuration that match. */
  readonly matched: Float64Array;
  readonly #table: VehicleTable;
  readonly #query: QueryAnswers;
  readonly #questions: SingleQuestions;
  /** Vehicles that the query names; null where all have to be looked at. */
  readonly #candidates: readonly number[] | null;
  /** By configuration, where it depends on the vehicle. */
  readonly #predicates: VehiclePredicate[] = [];

  constructor(table: VehicleTable, query: QueryAnswers) {
    this.#table = table;
    this.#query = query;
    this.#questions = new SingleQuestions(table);
    this.#candidates = this.#questions.candidates(query.query);
    this.matched = new Float64Array(table.configurations.size);
    if (this.#candidates !== null || this.#countConfigurations()) this.#countVehicles();
  }

  /** Visits each vehicle that matches, once. */
  each(visit: (vehicle: number, configuration: number) => void): void {
    const { matched } = this;
    this.#scan((vehicle, configuration) => {
      if (matched[configuration] !== 0 && this.#holds(vehicle, configuration)) visit(vehicle, configuration);
    });
  }

  /** Whether some vehicles have to be asked. */
  #countConfigurations(): boolean {
    const answers = this.#query.all();
    const { size, population } = this.#table.configurations;
    let open = false;
    for (let number = 1; number < size; number++) {
      if (answers[number] === YES) this.matched[number] = population[number] ?? 0;
      if (answers[number] === SINGLE && population[number] !== 0) open = true;
    }
    return open;
  }

  #countVehicles(): void {
    const { matched } = this;
    const settled = this.#candidates === null;
    this.#scan((vehicle, configuration) => {
      // Counted with its whole configuration already, or not at all.
      if (settled && this.#query.of(configuration) !== SINGLE) return;
      if (this.#holds(vehicle, configuration)) matched[configuration] = (matched[configuration] ?? 0) + 1;
    });
  }

  #holds(vehicle: number, configuration: number): boolean {
    const answer = this.#query.of(configuration);
    if (answer !== SINGLE) return answer === YES;
    let predicate = this.#predicates[configuration];
    if (predicate === undefined) {
      const open = this.#query.openOf(configuration);
      predicate = open === null ? () => false : this.#questions.predicate(open);
      this.#predicates[configuration] = predicate;
    }
    return predicate(vehicle);
  }

  #scan(visit: (vehicle: number, configuration: number) => void): void {
    if (this.#candidates === null) {
      scan(this.#table, visit);
      return;
    }
    for (const vehicle of this.#candidates) {
      const configuration = this.#table.configuration.get(vehicle);
      if (configuration !== NO_CONFIGURATION) visit(vehicle, configuration);
    }
  }
}

function scan(table: VehicleTable, visit: (vehicle: number, configuration: number) => void): void {
  const { chunks } = table.configuration;
  for (let index = 0; index < chunks.length; index++) {
    const chunk = chunks[index];
    if (chunk === undefined) continue;
    const first = index * CHUNK_SIZE;
    for (let i = 0; i < CHUNK_SIZE; i++) {
      const configuration = chunk[i] ?? 0;
      if (configuration !== 0) visit(first + i, configuration);
    }
  }
}

/**
 * The targeting index (DESIGN §8): which vehicles a query selects and which of them can take artifacts, in memory
 * and folded from the log. Synchronous: it belongs to one thread, and every answer is of one point of the log.
 */
import type { EventBatch, Position, RecordedEvent, TargetingCount, TargetRow } from '../../app/ports.ts';
import { START } from '../../app/ports.ts';
import type { ArtifactFacts } from '../../domain/artifact/compatibility.ts';
import type { TargetSlice } from '../../domain/campaign/events.ts';
import { readEvent, schemaVersionOf } from '../../domain/events.ts';
import { comparisonsOf, listsIn, type Query } from '../../domain/targeting/ast.ts';
import type { QueryError } from '../../domain/targeting/errors.ts';
import { parseQuery } from '../../domain/targeting/parse.ts';
import type { VehicleEvent } from '../../domain/vehicle/events.ts';
import type { VehicleListEvent } from '../../domain/vehicle-list/events.ts';
import { fitsWith } from './fit.ts';
import { ArtifactVerdicts, QueryAnswers } from './judgements.ts';
import { Recent } from './recent.ts';
import { countVehicles, type Selected, selectVehicles } from './select.ts';
import { VehicleTable } from './vehicle-table.ts';

/** A query that can't be answered. Plain data, so that it can go from thread to thread. */
export type QueryProblem =
  | { readonly code: 'invalid-query'; readonly error: QueryError }
  | { readonly code: 'unknown-artifact'; readonly artifactId: string };
type Refused = { readonly ok: false; readonly problem: QueryProblem };

export type CountAnswer = ({ readonly ok: true } & TargetingCount) | Refused;

export interface OpenedSelection {
  readonly ok: true;
  /** For `nextRows` and `closeSelection`. */
  readonly id: number;
  readonly lastEventId: string | null;
  readonly slices: readonly TargetSlice[];
  readonly matched: number;
  readonly incompatible: number;
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
}

/** Streams that it looks at. */
export const INDEX_PREFIXES: readonly string[] = ['vehicle-', 'list-', 'artifact-'];

/** Queries and artifact lists whose answers per configuration are kept. */
const KEPT = 32;
/** Selections that may be open at a time: each holds 12 bytes per vehicle. */
const MAX_OPEN = 8;

export class TargetingIndex {
  readonly #table = new VehicleTable();
  readonly #artifacts = new Map<string, ArtifactFacts>();
  readonly #queries = new Recent<QueryAnswers>(KEPT);
  readonly #verdicts = new Recent<ArtifactVerdicts>(KEPT);
  readonly #open = new Map<number, Selected>();
  #lastSelection = 0;
  #position: Position = START;
  #lastEventId: string | null = null;

  get position(): Position {
    return this.#position;
  }

  /** Vehicles known, decommissioned ones included; distinct configurations among them. */
  get size(): { readonly vehicles: number; readonly configurations: number } {
    const { registered, configurations } = this.#table;
    return { vehicles: registered, configurations: configurations.size - 1 };
  }

  /** Folds what comes after `position`; events of streams that don't concern it are passed over. */
  apply(batch: EventBatch): void {
    for (const event of batch.events) {
      if (event.position <= this.#position) continue;
      this.#applyOne(event);
      this.#lastEventId = event.id;
    }
    if (batch.position > this.#position) this.#position = batch.position;
  }

  #applyOne(recorded: RecordedEvent): void {
    const { stream, type, schemaVersion, data, revision } = recorded;
    if (stream.startsWith('vehicle-')) {
      // There are millions of these, so data of the newest version is not parsed: appends only take what was.
      if (schemaVersion === schemaVersionOf(type as VehicleEvent['type'])) {
        this.#table.applyVehicle({ type, data } as VehicleEvent, stream, revision);
        return;
      }
      const read = readEvent(type, schemaVersion, data);
      if (read.known) this.#table.applyVehicle(read.event as VehicleEvent, stream, revision);
    } else if (stream.startsWith('list-')) {
      const read = readEvent(type, schemaVersion, data);
      if (read.known) this.#table.applyList(read.event as VehicleListEvent);
    } else if (type === 'ArtifactRegistered') {
      const read = readEvent(type, schemaVersion, data);
      if (!read.known || read.event.type !== 'ArtifactRegistered') return;
      const { artifactId, version, versionScheme, target, requirements } = read.event.data;
      this.#artifacts.set(artifactId, { artifactId, version, versionScheme, target, requirements });
    }
  }

  count(query: string, artifactIds: readonly string[]): CountAnswer {
    const asked = this.#ask(query, artifactIds);
    if (!asked.ok) return asked;
    return { ok: true, ...countVehicles(this.#table, asked.answers, asked.verdicts) };
  }

  /** Selects now; the rows are read batch by batch while the log goes on. @throws when too many are open. */
  openSelection(query: string, artifactIds: readonly string[]): OpenedSelection | Refused {
    const asked = this.#ask(query, artifactIds);
    if (!asked.ok) return asked;
    if (this.#open.size >= MAX_OPEN) throw new Error(`${MAX_OPEN} selections are open already`);
    const selected = selectVehicles(this.#table, asked.answers, asked.verdicts);
    const id = ++this.#lastSelection;
    this.#open.set(id, selected);
    const { slices, matched, incompatible, reasons } = selected;
    return { ok: true, id, lastEventId: this.#lastEventId, slices, matched, incompatible, reasons };
  }

  /** Null after the last batch. @throws for a selection that is not open. */
  nextRows(id: number): readonly TargetRow[] | null {
    const selected = this.#open.get(id);
    if (selected === undefined) throw new Error(`the selection ${id} is not open`);
    return selected.next();
  }

  closeSelection(id: number): null {
    this.#open.delete(id);
    return null;
  }

  /** Those of the lists that the vehicle is in; a list that there is not has nobody. */
  listsWith(vehicleId: string, listIds: readonly string[]): readonly string[] {
    const vehicle = this.#table.dictionary.find(vehicleId);
    return vehicle < 0 ? [] : listIds.filter((id) => this.#table.list(id)?.includes(vehicle) === true);
  }

  /** Whether a vehicle in use has such a component, or an artifact is for it. */
  targetIsKnown(ecuType: string, component: string): boolean {
    for (const { target } of this.#artifacts.values())
      if (target.ecuType === ecuType && target.component === component) return true;
    return this.#anyConfiguration(({ ecus, decommissioned }) => {
      const fits = ecus.some(
        (ecu) => ecu.type === ecuType && ecu.components.some(({ name }) => name === component),
      );
      return fits && !decommissioned;
    });
  }

  /**
   * Whether a vehicle in use has the target ECU and meets the artifact's requirements, or would with software that
   * another registered artifact brings. One that has the version already counts too.
   */
  matchesAnyVehicle(artifact: ArtifactFacts): boolean {
    return this.#anyConfiguration(fitsWith(artifact, [...this.#artifacts.values()]));
  }

  #anyConfiguration(
    holds: (configuration: ReturnType<VehicleTable['configurations']['get']>) => boolean,
  ): boolean {
    const { configurations } = this.#table;
    for (let number = 1; number < configurations.size; number++)
      if (configurations.population[number] !== 0 && holds(configurations.get(number))) return true;
    return false;
  }

  #ask(
    text: string,
    artifactIds: readonly string[],
  ): { readonly ok: true; readonly answers: QueryAnswers; readonly verdicts: ArtifactVerdicts } | Refused {
    const parsed = parseQuery(text);
    if (!parsed.ok) return { ok: false, problem: { code: 'invalid-query', error: parsed.error } };
    const error = this.#unanswerable(text, parsed.query);
    if (error !== null) return { ok: false, problem: { code: 'invalid-query', error } };
    const facts: ArtifactFacts[] = [];
    for (const artifactId of artifactIds) {
      const known = this.#artifacts.get(artifactId);
      if (known === undefined) return { ok: false, problem: { code: 'unknown-artifact', artifactId } };
      facts.push(known);
    }
    const { configurations } = this.#table;
    const answers = this.#queries.get(text, () => new QueryAnswers(parsed.query, configurations));
    const verdicts = this.#verdicts.get(
      artifactIds.join(','),
      () => new ArtifactVerdicts(facts, configurations),
    );
    return { ok: true, answers, verdicts };
  }

  /** What the query asks for that this index does not have. */
  #unanswerable(text: string, query: Query): QueryError | null {
    const missing = listsIn(query).find((id) => this.#table.list(id) === null);
    if (missing !== undefined)
      return {
        position: Math.max(0, text.indexOf(`list:${missing}`)),
        length: `list:${missing}`.length,
        message: `there is no list ${missing}`,
        hint: `Upload it with PUT /v1/vehicle-lists/${missing}.`,
        expected: [],
      };
    if (this.#table.vinsAreIds || !comparisonsOf(query).some(({ selector }) => selector.field === 'vin'))
      return null;
    return {
      position: Math.max(0, text.search(/\bvin\s*[=!]/)),
      length: 'vin'.length,
      message: 'VINs are sealed in this deployment, so they can not be searched',
      hint: 'Compare the selector vehicle with vehicle ids, or upload a list.',
      expected: ['vehicle'],
    };
  }
}

/**
 * Why a command was refused. A value, not an exception.
 * `code` is stable and part of the public API (`urn:fleetwave:problem:{code}`); `hint` says what to do.
 */
export interface Rejection {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Decision<E> =
  | { readonly ok: true; readonly events: readonly E[] }
  | { readonly ok: false; readonly rejection: Rejection };

export const accept = <E>(...events: readonly E[]): Decision<E> => ({ ok: true, events });

export const reject = (
  code: string,
  message: string,
  hint: string,
  details?: Readonly<Record<string, unknown>>,
): { readonly ok: false; readonly rejection: Rejection } => ({
  ok: false,
  rejection: details === undefined ? { code, message, hint } : { code, message, hint, details },
});

/** Who did it. `id` of a person is what four-eyes rules compare, never the API key. */
export interface Actor {
  readonly kind: 'person' | 'service' | 'vehicle' | 'system';
  readonly id: string;
}

/** What every decision may use of the outside world: passed in, so that the domain stays pure. */
export interface DecisionContext {
  /** Time of the decision, ISO 8601 UTC with milliseconds. */
  readonly now: string;
  readonly actor: Actor;
  /** A new unique id (UUID). */
  readonly newId: () => string;
  /** SHA-256 of a text, lower-case hex. */
  readonly digest: (text: string) => string;
}

/**
 * The shape of every aggregate. `decide` never throws for a refused command and gives no events for a
 * command that has already taken effect; `evolve` never fails on an event that `decide` gave.
 */
export interface Decider<State, Command, Event, Context = DecisionContext> {
  readonly initialState: State;
  readonly decide: (state: State, command: Command, context: Context) => Decision<Event>;
  readonly evolve: (state: State, event: Event) => State;
}

/** Makes a switch exhaustive at compile time; reached only when stored data is from a newer writer. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}

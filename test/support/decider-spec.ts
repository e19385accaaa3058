/** Specifications of deciders: given events, when a command, then events or a rejection. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { type DomainEvent, readEvent, schemaVersionOf } from '../../src/domain/events.ts';
import type { Actor, Decider, DecisionContext } from '../../src/domain/shared/decider.ts';

export const person = (id: string): Actor => ({ kind: 'person', id });
export const NOW = '2027-03-01T12:00:00.000Z';

/** A context with a fixed time, ids that count up and a real SHA-256. */
export function testContext(actor: Actor = person('ada'), now: string = NOW): DecisionContext {
  let ids = 0;
  return {
    now,
    actor,
    newId: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  };
}

export interface Spec<Command, Event, Extra> {
  readonly it: string;
  readonly given?: readonly Event[];
  readonly when: Command;
  /** The events (empty: no change), or the code of the rejection. */
  readonly gives: readonly Event[] | string;
  /** Default ada. */
  readonly by?: Actor;
  /** Default NOW. */
  readonly at?: string;
  readonly extra?: Extra;
}

/** An event as it comes back from the store: through JSON and its schema. */
function stored<Event extends DomainEvent>(event: Event): Event {
  const read = readEvent(event.type, schemaVersionOf(event.type), JSON.parse(JSON.stringify(event.data)));
  if (!read.known) throw new Error(`unknown event ${event.type}`);
  return read.event as Event;
}

/**
 * One test per row. Beside the row's own expectation, each test checks that the events can be stored and read
 * back unchanged, and that the same command has no further effect after them.
 */
export function specify<State, Command, Event extends DomainEvent, Extra extends object = object>(
  decider: Decider<State, Command, Event, DecisionContext & Extra>,
  rows: readonly Spec<Command, Event, Extra>[],
  defaults?: Extra,
): void {
  for (const row of rows) {
    it(row.it, () => {
      const context = { ...testContext(row.by, row.at), ...((row.extra ?? defaults ?? {}) as Extra) };
      const before = (row.given ?? []).map(stored).reduce(decider.evolve, decider.initialState);
      const decision = decider.decide(before, row.when, context);
      if (typeof row.gives === 'string') {
        expect(decision).toMatchObject({ ok: false, rejection: { code: row.gives } });
        if (!decision.ok) {
          expect(decision.rejection.message).not.toBe('');
          expect(decision.rejection.hint).not.toBe('');
        }
        return;
      }
      expect(decision).toEqual({ ok: true, events: row.gives });
      if (!decision.ok) return;
      expect(decision.events.map(stored)).toEqual(decision.events);
      const after = decision.events.reduce(decider.evolve, before);
      expect(decider.decide(after, row.when, context)).toEqual({ ok: true, events: [] });
    });
  }
}

/** The state after these events. */
export const fold = <State, Event>(
  decider: Pick<Decider<State, never, Event, never>, 'initialState' | 'evolve'>,
  events: readonly Event[],
): State => events.reduce(decider.evolve, decider.initialState);

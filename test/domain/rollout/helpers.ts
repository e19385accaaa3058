import type { AssignmentCommand, Report } from '../../../src/domain/rollout/commands.ts';
import { assignmentDecider } from '../../../src/domain/rollout/decide.ts';
import type { AssignmentContext, AssignmentDecision } from '../../../src/domain/rollout/decision.ts';
import {
  type AssignmentEvent,
  type AssignmentState,
  newAssignment,
} from '../../../src/domain/rollout/state.ts';
import type { TcuEpoch } from '../../../src/domain/vehicle/events.ts';

export const VIN = 'WVWZZZ1JZ3W386752';
export const T0 = Date.parse('2030-01-01T00:00:00.000Z');
export const TCU: TcuEpoch = { tcu: 'T1', reset: 0 };
export const iso = (ms: number): string => new Date(ms).toISOString();

export const context = (now_ms: number = T0, more: Partial<AssignmentContext> = {}): AssignmentContext => ({
  now_ms,
  maxAttempts: 2,
  retryDelay_s: 600,
  attemptTimeout_s: 3600,
  closing: false,
  ...more,
});

export const offer = (validUntil_ms: number = T0 + 86_400_000): AssignmentCommand => ({
  type: 'Offer',
  validUntil: iso(validUntil_ms),
  vehicleRevision: 1,
});

export interface Said {
  readonly seq: number;
  readonly offer?: number;
  readonly attempt?: number;
  readonly epoch?: TcuEpoch;
  readonly current?: TcuEpoch;
}

const fields: Record<string, object> = {
  declined: { code: 'driver' },
  postponed: { until: null },
  'precondition-unmet': { names: ['battery'] },
  succeeded: { ecus: [] },
  failed: { code: 'E42', message: 'no space', ecus: [] },
  reverted: { code: 'R1', message: 'rolled back', ecus: [] },
};

export const says = (kind: Report['kind'], said: Said): AssignmentCommand => ({
  type: 'HandleReport',
  offer: said.offer ?? 1,
  attempt: said.attempt ?? 1,
  source: { epoch: said.epoch ?? TCU, seq: said.seq, sentAt: null },
  currentEpoch: said.current ?? said.epoch ?? TCU,
  receivedAt: iso(T0),
  report: { kind, ...fields[kind] } as Report,
});

/** Decides and folds a list of commands; every step of an assignment must be accepted unless `lenient`. */
export class Story {
  state: AssignmentState = newAssignment(VIN, 1, 0);
  readonly events: AssignmentEvent[] = [];

  do(command: AssignmentCommand, at: AssignmentContext = context()): AssignmentDecision {
    const decision = assignmentDecider.decide(this.state, command, at);
    if (decision.kind === 'events')
      for (const event of decision.events) {
        this.events.push(event);
        this.state = assignmentDecider.evolve(this.state, event);
      }
    return decision;
  }

  given(...commands: readonly AssignmentCommand[]): this {
    for (const command of commands) {
      const decision = this.do(command);
      if (decision.kind !== 'events') throw new Error(`given: ${JSON.stringify(decision)}`);
    }
    return this;
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }
}

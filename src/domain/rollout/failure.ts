/** What of a rollout's events is a failed attempt: the one place that progress and the list of failures share. */
import type { RolloutEvent } from './events.ts';

export interface Failure {
  /** As the vehicle gave it; `unspecified` where it gave none, `timed-out` where it said nothing. */
  readonly code: string;
  readonly message: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
}

const coded = (code: string): string => (code === '' ? 'unspecified' : code);

/** Null for what is no failure. */
export function failureOf(event: RolloutEvent): Failure | null {
  switch (event.type) {
    case 'UpdateFailed':
    case 'UpdateReverted': {
      const { code, message, attempt } = event.data;
      return { code: coded(code), message, attempt };
    }
    case 'LateOutcomeReported': {
      const { outcome, code, message, reportedAttempt } = event.data;
      return outcome === 'succeeded' ? null : { code: coded(code), message, attempt: reportedAttempt };
    }
    case 'UpdateTimedOut': {
      const { stage, deadline, attempt } = event.data;
      return stage === 'offer'
        ? null
        : { code: 'timed-out', message: `no outcome of the attempt by ${deadline}`, attempt };
    }
    default:
      return null;
  }
}

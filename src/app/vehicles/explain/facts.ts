/** What reasons are made of: every fact that they rest on, and sentences that several places say. */
import type { CompatibilityReason } from '../../../domain/artifact/compatibility.ts';
import type { Campaign } from '../../../domain/campaign/state.ts';
import type { Phase } from '../../../domain/rollout/events.ts';

/** A type, not an interface, so that it also is a plain record. */
export type Reason = {
  /** For machines; new ones can come. */
  readonly code: string;
  readonly message: string;
  /** When it ends by itself; null where that is not known, or it does not. */
  readonly until: string | null;
};

export const reason = (code: string, message: string, until: string | null = null): Reason => ({
  code,
  message,
  until,
});

/** The vehicle as it is now, against what the campaign asks for. */
export interface Judged {
  readonly matchesQuery: boolean;
  readonly clauses: readonly { readonly clause: string; readonly holds: boolean }[];
  readonly compatible: boolean;
  readonly satisfied: boolean;
  readonly requirements: readonly CompatibilityReason[];
}

export interface AssignmentFacts {
  readonly phase: Phase;
  readonly wave: number;
  readonly attempt: number;
  readonly outcome: { readonly code: string; readonly message: string } | null;
  /** When it came to the outcome that counts; null before that. */
  readonly settledAt: string | null;
  /** In which it was listed: its off-peak hours are in this one. Null where the list does not say. */
  readonly timeZone: string | null;
  /** Before this it is not offered again; null = at once. */
  readonly notBefore: string | null;
  /** Until when its open offer or attempt waits for the vehicle; null when there is none. */
  readonly deadline: string | null;
}

export interface Facts {
  readonly now: string;
  readonly campaign: Pick<Campaign, 'phase' | 'policy' | 'plan' | 'pause' | 'releasedWave' | 'startAt'>;
  /** When the list was frozen; null before that. */
  readonly frozenAt: string | null;
  readonly vehicle: {
    readonly registeredAt: string;
    /** When its record changed last. */
    readonly changedAt: string;
    readonly timeZone: string;
    readonly decommissioned: boolean;
    readonly online: boolean;
  };
  /** Null when it is not on the list. */
  readonly assignment: AssignmentFacts | null;
  /** Null without a query. */
  readonly judged: Judged | null;
  readonly emergency: { readonly active: boolean; readonly reason: string | null };
  /** Another campaign that is at work on a component that this one installs to. */
  readonly rival: { readonly campaignId: string; readonly component: string } | null;
  /** Vehicles of the campaign between offer and outcome. */
  readonly inFlight: number;
  /** Type of an event by a newer version of Fleetwave: what has one is not written to by this version. */
  readonly newer: { readonly vehicle: string | null; readonly campaign: string | null };
}

export const emergencyReason = ({ emergency: stop }: Facts): Reason =>
  reason(
    'emergency-stop',
    `The emergency stop is in force: nothing is offered or granted to any vehicle${stop.reason === null ? '' : ` (${stop.reason})`}.`,
  );

export const newerVehicle = (type: string): Reason =>
  reason(
    'newer-vehicle',
    `Its record has an event (${type}) of a newer version of Fleetwave, which this version leaves alone.`,
  );

export const requirementReason = ({
  code,
  artifactId,
  message,
  expected,
  actual,
}: CompatibilityReason): Reason =>
  reason(
    code,
    `It can’t take ${artifactId}: ${message}. Required: ${expected === '' ? 'nothing of the kind' : expected}; it has ${actual ?? 'none'}.`,
  );

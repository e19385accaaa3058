/** What the API answers with, as far as it is shown: from the server's own schemas where they say it. */
import type { z } from 'zod';
import type { Progress } from '../../../src/api/progress.ts';
import type { UploadAnswer } from '../../../src/api/routes/resumable-upload.ts';
import type { SessionView } from '../../../src/api/routes/session.ts';
import type { policyBody } from '../../../src/api/schemas.ts';

export type { Progress, SessionView, UploadAnswer };
export type Policy = z.output<typeof policyBody>;
export type Gate = Policy['waves'][number]['gate'];
export type Role = SessionView['roles'][number];
export type Share = Progress['waves'][number];
export type SliceShare = Progress['byModelRegion'][string];

export interface Counters {
  readonly targets: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly excused: number;
  readonly inFlight: number;
  readonly waiting: number;
}

export interface WaveView {
  readonly wave: number;
  readonly name: string;
  readonly state: string;
  readonly confirmed: boolean;
  readonly gate: {
    readonly outcome: string;
    readonly reason: string;
    readonly soakUntil: string | null;
    readonly counters: Counters;
  } | null;
}

export interface Decision {
  readonly type: string;
  readonly at: string;
  readonly by: string;
  readonly reason: string | null;
}

export interface Campaign {
  readonly id: string;
  readonly title: string;
  readonly purpose: string;
  readonly state: string;
  readonly reason: string | null;
  readonly policy: Policy;
  readonly query: string | null;
  readonly plan: {
    readonly status: string;
    readonly reason: string | null;
    readonly waves: readonly number[];
  } | null;
  readonly targets: {
    readonly targets: number;
    readonly incompatible: number;
    readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
    readonly digest: string;
  } | null;
  readonly releasedWave: number;
  readonly waves: readonly WaveView[];
  readonly authors: readonly string[];
  readonly approval: { readonly by: string; readonly planDigest: string } | null;
  /** Of policy, query and frozen targets as they are; null before they are frozen. */
  readonly planDigest: string | null;
  readonly startAt: string | null;
  readonly started: boolean;
  readonly pause: { readonly code: string; readonly reason: string } | null;
  readonly review: { readonly note: string; readonly verdict: string; readonly by: string } | null;
  readonly createdAt: string;
  readonly decisions: readonly Decision[];
  readonly revision: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface Assignment {
  readonly id: string;
  readonly campaignId: string;
  readonly vehicleId: string;
  readonly wave: number;
  readonly phase: string;
  readonly attempt: number;
  readonly offer: number;
  readonly outcome: { readonly code: string; readonly message: string } | null;
  readonly updatedAt: string;
}

export interface Failure {
  readonly id: string;
  readonly campaignId: string;
  readonly vehicleId: string;
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
  readonly model: string;
  readonly region: string;
  readonly at: string;
  /** Of the vehicle in that campaign now. */
  readonly phase: string | null;
}

type Counts = Readonly<Record<string, number>>;
export interface FleetStatus {
  readonly vehicles: number;
  readonly online: number;
  readonly active: number;
  readonly emergencyStop: {
    readonly active: boolean;
    readonly reason: string | null;
    readonly since: string | null;
  };
  readonly byModel: Counts;
  readonly byRegion: Counts;
  readonly byAssignment: Counts;
  readonly activeBy: { readonly byModel: Counts; readonly byRegion: Counts; readonly byAssignment: Counts };
}

export interface TargetingCount {
  readonly matched: number;
  readonly compatible: number;
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly vehicles: number }[]>>;
}

export interface Ecu {
  readonly type: string;
  readonly position: string;
  readonly serial: string;
  readonly hardware: { readonly part: string; readonly version: string };
  readonly components: readonly { readonly name: string; readonly softwareVersion: string }[];
}

export interface Vehicle {
  readonly id: string;
  readonly vin: string | null;
  readonly brand: string;
  readonly model: string;
  readonly variant: string;
  readonly region: string;
  readonly timeZone: string;
  readonly tags: readonly string[];
  readonly buildDate: string | null;
  readonly ecus: readonly Ecu[];
  readonly serviceFlags: readonly string[];
  readonly decommissioned: boolean;
  readonly registeredAt: string;
  readonly online?: boolean;
  readonly revision: number;
}

export interface Artifact {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly kind: string;
  readonly releaseType: string;
  readonly releaseNotes: string;
  readonly target: { readonly ecuType: string; readonly component: string };
  readonly requirements: Readonly<Record<string, unknown>>;
  readonly supersedes: string | null;
  readonly registeredBy: string;
  readonly files: readonly {
    readonly name: string;
    readonly size: number;
    readonly sha256: string;
    readonly by: string;
  }[];
  readonly validation: {
    readonly verdict: string;
    readonly tool: string;
    readonly by: string;
    readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly detail: string }[];
  } | null;
  readonly history: readonly { readonly type: string; readonly at: string; readonly by: string }[];
  readonly revision: number;
}

export interface HistoryEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly position: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface DeadLetter {
  readonly id: string;
  readonly vehicleId: string;
  readonly code: string;
  readonly reason: string;
  readonly raw: string;
  readonly at: string;
}

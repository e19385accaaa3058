/** Folds the exported events anew, message by message, against the book. */
import { type Book, type Message, OUTCOMES } from './book.ts';
import type { Collector, Recount } from './findings.ts';
import { Fields, readRows } from './lines.ts';

export interface Assignment {
  readonly campaignId: string;
  readonly vehicleId: string;
  phase: string;
  /** Highest offer that the server ended or replaced by itself. */
  endedOffer: number;
  /** Newest message of the vehicle that an event names. */
  last: Message | null;
  /** Offers whose acceptance is recorded. */
  readonly accepted: Set<number>;
  /** Last outcome that moved a counter, by attempt. */
  readonly outcomes: Map<number, string>;
}

/** Which message kind an event records; LateOutcomeReported says it itself. */
const KIND_OF: Readonly<Record<string, string>> = {
  UpdateAccepted: 'accepted',
  UpdateDeclined: 'declined',
  UpdatePostponed: 'postponed',
  PreconditionUnmet: 'precondition-unmet',
  DownloadStarted: 'download-started',
  DownloadCompleted: 'download-completed',
  InstallStarted: 'install-started',
  UpdateSucceeded: 'succeeded',
  UpdateHealthy: 'healthy',
  UpdateFailed: 'failed',
  UpdateReverted: 'reverted',
};
/** Phases that a message of a kind leads to. */
const LEADS_TO: Readonly<Record<string, readonly string[]>> = {
  accepted: ['accepted'],
  declined: ['declined'],
  postponed: ['waiting'],
  'precondition-unmet': ['waiting'],
  'download-started': ['downloading'],
  'download-completed': ['downloaded'],
  'install-started': ['installing'],
  succeeded: ['succeeded'],
  healthy: ['succeeded'],
  failed: ['failed', 'waiting'],
  reverted: ['reverted', 'waiting'],
};
const ENDED_BY_US: ReadonlySet<string> = new Set([
  'UpdateTimedOut',
  'UpdateCancelled',
  'UpdateDisplaced',
  'SatisfiedElsewhere',
]);

export class Fold {
  readonly assignments = new Map<string, Assignment>();
  readonly campaigns = new Map<string, Recount>();
  events = 0;
  readonly #book: Book;
  readonly #findings: Collector;
  /** Frozen lists by plan, until it is known which plan holds. */
  readonly #plans = new Map<string, string[]>();

  constructor(book: Book, findings: Collector) {
    this.#book = book;
    this.#findings = findings;
  }

  take(event: Fields): void {
    this.events++;
    const type = event.text('type');
    const data = event.object('data');
    if (type === 'TargetsListed') {
      const plan = data.text('planId');
      const ids = data.list('targets').map((target) => String((target as unknown[])[0]));
      this.#plans.set(plan, [...(this.#plans.get(plan) ?? []), ...ids]);
    } else if (type === 'TargetsFrozen') {
      this.#recount(data.text('campaignId')).incompatible = data.whole('incompatible');
      for (const vehicleId of this.#plans.get(data.text('planId')) ?? [])
        this.#assignment(data.text('campaignId'), vehicleId);
    } else if (type === 'TargetJoined') {
      this.#assignment(data.text('campaignId'), data.text('vehicleId'));
    } else if (type === 'ReportSetAside' || type === 'InventoryReported') {
      this.#setAside(data);
    } else if (data.has('from') && data.has('to')) {
      this.#moved(type, campaignOf(event.text('stream')), data);
    }
  }

  /** Counts the phases once everything has been taken. */
  finish(): void {
    for (const { campaignId, vehicleId, phase } of this.assignments.values()) {
      const recount = this.#recount(campaignId);
      recount.targets++;
      recount.byPhase[phase] = (recount.byPhase[phase] ?? 0) + 1;
      if (phase === 'failed') recount.failed.push(vehicleId);
    }
  }

  #recount(campaignId: string): Recount {
    const known = this.campaigns.get(campaignId);
    if (known !== undefined) return known;
    const made: Recount = { targets: 0, incompatible: 0, byPhase: {}, failed: [] };
    this.campaigns.set(campaignId, made);
    return made;
  }

  #assignment(campaignId: string, vehicleId: string): Assignment {
    const key = `${campaignId}/${vehicleId}`;
    const known = this.assignments.get(key);
    if (known !== undefined) return known;
    this.#recount(campaignId);
    const made: Assignment = {
      campaignId,
      vehicleId,
      phase: 'waiting',
      endedOffer: 0,
      last: null,
      accepted: new Set(),
      outcomes: new Map(),
    };
    this.assignments.set(key, made);
    return made;
  }

  #setAside(data: Fields): void {
    if (!data.has('report')) return;
    const message = this.#book.find(data.text('vehicleId'), data.object('report'));
    if (message !== null) message.recorded = true;
  }

  #moved(type: string, campaignId: string, data: Fields): void {
    const assignment = this.#assignment(campaignId, data.text('vehicleId'));
    const offer = data.whole('offer');
    const message = data.has('report') ? this.#reported(type, campaignId, data) : null;
    if (message === 'repeated') return;
    this.#follow(assignment, type, data, message);
    this.#countOutcome(assignment, type, data);
    if (message !== null) assignment.last = newer(assignment.last, message);
    if (type === 'UpdateAccepted') assignment.accepted.add(offer);
    if (ENDED_BY_US.has(type)) assignment.endedOffer = Math.max(assignment.endedOffer, offer);
    if (type === 'UpdateOffered') assignment.endedOffer = Math.max(assignment.endedOffer, offer - 1);
  }

  /** The message that an event records, marked as recorded. */
  #reported(type: string, campaignId: string, data: Fields): Message | null | 'repeated' {
    const vehicleId = data.text('vehicleId');
    const report = data.object('report');
    const message = this.#book.find(vehicleId, report);
    const name = `${vehicleId} seq ${report.whole('seq')} (${type})`;
    if (message === null) {
      this.#findings.found('invented', name);
      return null;
    }
    if (message.recorded) {
      this.#findings.found('countedTwice', name);
      return 'repeated';
    }
    message.recorded = true;
    if (!records(type, data, message) || message.campaignId !== campaignId)
      this.#findings.found('wrong', `${name} records ${message.kind} of attempt ${message.attempt}`);
    return message;
  }

  /** Each event must begin where the one before ended; a gap that a receipted message explains is that message lost. */
  #follow(assignment: Assignment, type: string, data: Fields, message: Message | null): void {
    const from = data.text('from');
    const { phase, vehicleId } = assignment;
    assignment.phase = data.text('to');
    if (phase === from) return;
    const missing = this.#missing(assignment, from, message);
    if (missing === null) {
      this.#findings.found('orderBroken', `${vehicleId}: ${type} begins at ${from} after ${phase}`);
      return;
    }
    missing.lost = true;
    this.#findings.found('lost', nameOf(missing));
  }

  #missing(assignment: Assignment, from: string, before: Message | null): Message | null {
    const messages = this.#book.vehicles.get(assignment.vehicleId)?.messages.values() ?? [];
    let found: Message | null = null;
    for (const message of messages) {
      if (!message.receipted || message.recorded || message.lost) continue;
      if (message.campaignId !== assignment.campaignId) continue;
      if (!LEADS_TO[message.kind]?.includes(from)) continue;
      if (before !== null && isNewer(message, before)) continue;
      found = newer(found, message);
    }
    return found;
  }

  #countOutcome(assignment: Assignment, type: string, data: Fields): void {
    const late = type === 'LateOutcomeReported';
    const outcome = late ? data.text('outcome') : (KIND_OF[type] ?? '');
    if (!OUTCOMES.has(outcome) || data.text('from') === data.text('to')) return;
    const attempt = late ? data.whole('reportedAttempt') : data.whole('attempt');
    if (assignment.outcomes.get(attempt) === outcome)
      this.#findings.found('countedTwice', `${assignment.vehicleId} ${outcome} in attempt ${attempt}`);
    assignment.outcomes.set(attempt, outcome);
  }
}

/** Whether an event is what must come of a message. A late `healthy` says that the installation succeeded. */
function records(type: string, data: Fields, { kind, attempt }: Message): boolean {
  if (type !== 'LateOutcomeReported') return KIND_OF[type] === kind && data.whole('attempt') === attempt;
  const outcome = data.text('outcome');
  const same = outcome === kind || (outcome === 'succeeded' && kind === 'healthy');
  return same && data.whole('reportedAttempt') === attempt;
}

/** `rollout-{campaign}-{shard}`; campaign ids may contain `-`. */
function campaignOf(stream: string): string {
  const match = /^rollout-(.+)-\d+$/.exec(stream);
  if (match?.[1] === undefined) throw new Error(`${stream} is no stream of a rollout`);
  return match[1];
}

export const isNewer = (a: Message, b: Message): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
const newer = (a: Message | null, b: Message): Message => (a === null || isNewer(b, a) ? b : a);
export const nameOf = (message: Message): string =>
  `${message.vehicleId} seq ${message.seq} (${message.kind} of ${message.campaignId})`;

/** @throws Error for an export that can't be read. */
export async function foldEvents(path: string, book: Book, findings: Collector): Promise<Fold> {
  const fold = new Fold(book, findings);
  for await (const { row, at } of readRows(path)) fold.take(new Fields(row, at));
  fold.finish();
  return fold;
}

/**
 * Who leads a task is who has the only partition of a group: Kafka gives it to another member when this one leaves or
 * is not heard of within the session timeout. A member that can't reach the group gives its turn up by itself when
 * that time has passed, so that two lead for a moment only when a clock or a process stood still.
 */
import type { Candidate, Leadership } from '../../../app/ports/leadership.ts';
import { pause } from '../backoff.ts';
import type { KafkaConnection } from '../connection.ts';
import { GroupMember, type GroupTiming } from '../group-member.ts';

export interface KafkaLeadershipOptions extends GroupTiming {
  /** Before a turn that ended or failed by itself is competed for again; default 5,000. */
  readonly retry_ms?: number;
}

const LEADER = 0;
const LOOK_MS = 100;

type Lead = (signal: AbortSignal) => Promise<void>;

export function createKafkaLeadership(
  connection: KafkaConnection,
  options: KafkaLeadershipOptions = {},
): Leadership {
  const candidates = new Set<GroupCandidate>();
  return {
    compete(task, lead) {
      const candidate = new GroupCandidate(connection, options, task, lead);
      candidates.add(candidate);
      return candidate;
    },
    async close() {
      await Promise.all([...candidates].map((candidate) => candidate.stop()));
    },
  };
}

class GroupCandidate implements Candidate {
  readonly #connection: KafkaConnection;
  readonly #options: KafkaLeadershipOptions;
  readonly #task: string;
  readonly #lead: Lead;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #turn: AbortController | null = null;

  constructor(connection: KafkaConnection, options: KafkaLeadershipOptions, task: string, lead: Lead) {
    this.#connection = connection;
    this.#options = options;
    this.#task = task;
    this.#lead = lead;
    this.#ended = this.#compete();
  }

  state(): 'leading' | 'waiting' {
    return this.#turn !== null && !this.#turn.signal.aborted ? 'leading' : 'waiting';
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  /** As one member of the group after another: who gives a turn up leaves, so that somebody else can have it. */
  async #compete(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let mine = false;
      const member = new GroupMember(this.#connection, {
        ...this.#options,
        groupId: `${this.#connection.settings.topicPrefix}.leadership-${this.#task}`,
        topic: this.#connection.topics.leadership,
        claims: () => (this.#turn !== null && member.isCurrent() ? [LEADER] : []),
        onJoined: ({ partitions }) => {
          mine = partitions.includes(LEADER);
        },
        onMessages: () => undefined,
      });
      const started = member.start();
      await this.#turns(() => mine && member.isCurrent());
      await member.stop();
      await started;
      await pause(this.#options.retry_ms ?? 5000, signal);
    }
  }

  /** Turn after turn, until one ends without having been taken away. */
  async #turns(mine: () => boolean): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (!mine()) await pause(LOOK_MS, signal);
      else if (!(await this.#takeTurn(mine))) return;
    }
  }

  /** @returns false when it ended by itself. */
  async #takeTurn(mine: () => boolean): Promise<boolean> {
    const turn = new AbortController();
    this.#turn = turn;
    const watch = setInterval(() => {
      if (!mine()) turn.abort();
    }, LOOK_MS);
    const end = (): void => turn.abort();
    this.#stopping.signal.addEventListener('abort', end);
    try {
      this.#connection.log('info', `This process leads: ${this.#task}.`);
      await this.#lead(turn.signal);
    } catch (error) {
      this.#connection.log('error', `Leading ${this.#task} failed. It is tried again, here or elsewhere.`, {
        error,
      });
      return turn.signal.aborted;
    } finally {
      clearInterval(watch);
      this.#stopping.signal.removeEventListener('abort', end);
      this.#turn = null;
    }
    this.#connection.log('info', `This process does not lead any more: ${this.#task}.`);
    return turn.signal.aborted;
  }
}

/**
 * What kafkajs says, made readable: one line when the brokers are lost and one when they are back, instead of one per
 * attempt of every client; anything else at most once a minute.
 */
import type { LogEntry, logCreator } from 'kafkajs';
import type { Log } from '../../app/ports/log.ts';

/** No answer from any broker for this long while attempts fail: they are lost, not only one of them. */
const LOST_MS = 2000;
const REPEAT_MS = 60_000;
/** Different messages that are remembered; the number of kinds is small, unless something odd is in them. */
const MAX_REMEMBERED = 200;

/** What belongs to ordinary life in a group, or is a choice of ours. */
const EXPECTED =
  /rebalanc|not aware of this member|unknown_member_id|member id required|limiting retries|coordinator is (loading|not available)|not the correct coordinator|already exists|topic creation errors|the producer is disconnect|response without match/i;
const UNREACHABLE =
  /connection error|connection timeout|closed connection|connect to seed broker|connect to broker|not connected|timed out|econn|failed to send messages|no broker available|broker not available|node id|leader/i;

export interface ClientLog {
  readonly creator: logCreator;
  /** A broker has answered a request. */
  answered(): void;
  /** False while no broker can be reached. */
  reachable(): boolean;
}

export function createClientLog(log: Log, brokers: readonly string[], now = Date.now): ClientLog {
  let lastAnswer_ms = now();
  let lostSince_ms: number | null = null;
  const said = new Map<string, { at_ms: number; suppressed: number }>();
  const where = brokers.join(', ');

  function failed(text: string): void {
    if (lostSince_ms !== null || now() - lastAnswer_ms < LOST_MS) return;
    lostSince_ms = lastAnswer_ms;
    log('error', `Kafka (${where}) can't be reached: ${text}. It is tried until it answers.`);
  }

  function say(text: string): void {
    const kind = text.replace(/\d+/g, '#');
    const before = said.get(kind);
    if (before !== undefined && now() - before.at_ms < REPEAT_MS) {
      before.suppressed += 1;
      return;
    }
    if (said.size >= MAX_REMEMBERED) said.clear();
    said.set(kind, { at_ms: now(), suppressed: 0 });
    const repeated = before?.suppressed ?? 0;
    log('warn', `Kafka: ${text}`, repeated === 0 ? {} : { repeated });
  }

  return {
    creator: () => (entry: LogEntry) => {
      const { message, error } = entry.log;
      const reason = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
      const text = reason === '' ? String(message) : `${message}: ${reason}`;
      if (EXPECTED.test(text)) return;
      if (UNREACHABLE.test(text)) failed(text);
      else say(text);
    },
    answered() {
      lastAnswer_ms = now();
      if (lostSince_ms === null) return;
      const seconds = Math.round((lastAnswer_ms - lostSince_ms) / 1000);
      lostSince_ms = null;
      log('info', `Kafka (${where}) answers again, after ${seconds} s.`);
    },
    reachable: () => lostSince_ms === null,
  };
}

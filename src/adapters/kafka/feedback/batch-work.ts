/** What a batch of one partition means: records to process, vehicles to greet, marks, and what must not stall it. */
import type { KafkaMessage, Message } from 'kafkajs';
import type { FeedbackRecord, ShardOwner } from '../../../app/ports/feedback.ts';
import type { Sender } from '../sender.ts';
import type { TopicNames } from '../topic-names.ts';
import { deadLetterMessage, forwardedMessage } from './dead-letter.ts';
import { decode, type Mark } from './record.ts';

export interface BatchCounts {
  records: number;
  arrivals: number;
  marks: number;
  forwarded: number;
  deadLetters: number;
}

export interface BatchContext {
  readonly owner: ShardOwner;
  readonly sender: Sender;
  readonly topics: TopicNames;
  readonly shards: number;
  readonly counts: BatchCounts;
  /** A mark and everything before it in the partition was processed. */
  marked(shard: number, mark: Mark, writtenAt_ms: number): void;
}

/**
 * Resolves when the records are processed and what was no record for this shard is safe elsewhere. Records come first:
 * when they fail, all of it is done again, and a bad message would be put aside many times.
 */
export async function workOn(
  context: BatchContext,
  shard: number,
  messages: readonly KafkaMessage[],
): Promise<void> {
  const { owner, sender, topics, counts } = context;
  const records: FeedbackRecord[] = [];
  const arrivals = new Set<string>();
  const marks: { readonly mark: Mark; readonly writtenAt_ms: number }[] = [];
  const forwarded: Message[] = [];
  const deadLetters: Message[] = [];
  for (const message of messages) {
    const decoded = decode(message, shard, context.shards);
    if (decoded.kind === 'record') records.push(decoded.record);
    else if (decoded.kind === 'arrival') arrivals.add(decoded.vehicleId);
    else if (decoded.kind === 'mark') marks.push(decoded);
    else if (decoded.kind === 'misplaced') forwarded.push(forwardedMessage(message, decoded.shard));
    else
      deadLetters.push(
        deadLetterMessage(message, { topic: topics.feedback, partition: shard }, decoded.reason),
      );
  }
  if (records.length > 0) await owner.process(shard, records);
  if (arrivals.size > 0) await owner.greet(shard, [...arrivals]);
  for (const message of forwarded) await sender.send([{ topic: topics.feedback, messages: [message] }]);
  for (const message of deadLetters) await sender.send([{ topic: topics.deadLetter, messages: [message] }]);
  for (const { mark, writtenAt_ms } of marks) context.marked(shard, mark, writtenAt_ms);
  counts.records += records.length;
  counts.arrivals += arrivals.size;
  counts.marks += marks.length;
  counts.forwarded += forwarded.length;
  counts.deadLetters += deadLetters.length;
}

import { describe, expect, it } from 'vitest';
import {
  createInProcessFeedback,
  FeedbackRefusedError,
} from '../../../../src/adapters/feedback/in-process/in-process-feedback.ts';
import { record, recordingOwner, SHARDS } from '../../../contract/feedback/feedback-contract.ts';

describe('feedback in process', () => {
  it('a publication is done only when all of its records have been processed', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS });
    const owner = recordingOwner();
    await feedback.start(owner);
    const release = owner.hold();
    let done = false;
    const published = feedback.publish([record(0, 1), record(1, 2)]).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBe(false);
    release();
    await published;
    expect([owner.seen.get(0), owner.seen.get(1)]).toEqual([[1], [2]]);
    await feedback.stop();
  });

  it('a failed batch rejects its publications and nobody else’s', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS });
    const owner = recordingOwner();
    await feedback.start(owner);
    owner.failNext();
    await expect(feedback.publish([record(0, 1)])).rejects.toThrow('append failed');
    await feedback.publish([record(0, 2)]);
    expect(owner.seen.get(0)).toEqual([2]);
    await feedback.stop();
  });

  it('the watermark stays before what was refused or failed, until its sender has had time to come again', async () => {
    let now = 100_000;
    const feedback = createInProcessFeedback({ shards: SHARDS, maxQueued: 1, maxBatch: 1, now: () => now });
    const owner = recordingOwner();
    await feedback.start(owner);
    const release = owner.hold();
    const taken = feedback.publish([record(0, 1, now)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const waiting = feedback.publish([record(0, 2, now)]);
    await expect(feedback.publish([record(0, 3, now)])).rejects.toBeInstanceOf(FeedbackRefusedError);
    release();
    await Promise.all([taken, waiting]);
    now += 10_000;
    expect(feedback.watermark(0)).toBe(99_999);
    expect(feedback.watermark(1)).toBe(now);
    owner.failNext();
    await expect(feedback.publish([record(0, 3, now)])).rejects.toThrow('append failed');
    now += 59_999;
    expect(feedback.watermark(0)).toBe(99_999);
    now += 1;
    expect(feedback.watermark(0)).toBe(now);
    await feedback.stop();
  });

  it('holds no more than it may: what comes on top is refused, whole', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS, maxQueued: 3 });
    const owner = recordingOwner();
    await feedback.start(owner);
    const release = owner.hold();
    const kept = [1, 2, 3].map((n) => feedback.publish([record(0, n)]));
    await expect(feedback.publish([record(1, 4), record(0, 5)])).rejects.toThrow(FeedbackRefusedError);
    release();
    await Promise.all(kept);
    await feedback.publish([record(1, 6)]);
    expect(owner.seen.get(0)).toEqual([1, 2, 3]);
    expect(owner.seen.get(1)).toEqual([6]);
    await feedback.stop();
  });

  it('gives a worker at most a batch at a time', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS, maxBatch: 10 });
    const owner = recordingOwner();
    await feedback.start(owner);
    await Promise.all(Array.from({ length: 35 }, (_, n) => feedback.publish([record(0, n)])));
    expect(owner.batches).toEqual([10, 10, 10, 5]);
    await feedback.stop();
  });

  it('stop waits until all that was published is processed', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS });
    const owner = recordingOwner();
    await feedback.start(owner);
    const release = owner.hold();
    const published = [feedback.publish([record(2, 7)]), feedback.publish([record(3, 8)])];
    const stopped = feedback.stop();
    release();
    await Promise.all([...published, stopped]);
    expect([owner.seen.get(2), owner.seen.get(3)]).toEqual([[7], [8]]);
  });

  it('takes nothing before the start, after the stop, or for a shard that does not exist', async () => {
    const feedback = createInProcessFeedback({ shards: SHARDS });
    await expect(feedback.publish([record(0, 1)])).rejects.toThrow(FeedbackRefusedError);
    await feedback.start(recordingOwner());
    await expect(feedback.publish([record(SHARDS, 1)])).rejects.toThrow(RangeError);
    await feedback.stop();
    await expect(feedback.publish([record(0, 1)])).rejects.toThrow(FeedbackRefusedError);
  });
});

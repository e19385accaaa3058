import { describe, expect, it } from 'vitest';
import { assignmentCommand } from '../../../src/domain/rollout/commands.ts';
import { rolloutEvents } from '../../../src/domain/rollout/events.ts';
import { context, iso, offer, Story, says, T0 } from './helpers.ts';

const story = (): Story => new Story().given(offer());
const accepted = (): Story => story().given(says('accepted', { seq: 1 }));
const installing = (): Story => accepted().given(says('install-started', { seq: 4 }));
const setAside = (reason: string) => ({ kind: 'set-aside', reason });

describe('an offer', () => {
  it('is numbered, has an attempt and moves waiting to offered', () => {
    expect(story().events[0]).toMatchObject({
      type: 'UpdateOffered',
      data: { attempt: 1, offer: 1, from: 'waiting', to: 'offered', at: iso(T0) },
    });
  });

  it('is not made before notBefore, nor twice, nor while closing', () => {
    const waiting = story().given(says('postponed', { seq: 1 }));
    expect(waiting.do(offer(), context(T0 + 599_999))).toEqual(setAside('not-offerable'));
    expect(waiting.do(offer(), context(T0 + 600_000, { closing: true }))).toEqual(setAside('not-offerable'));
    expect(waiting.do(offer(), context(T0 + 600_000))).toMatchObject({ kind: 'events' });
    expect(waiting.do(offer(), context(T0 + 700_000))).toEqual(setAside('not-offerable'));
  });

  it('that nobody answers expires and uses no attempt up; the next one has a new number', () => {
    const expired = story();
    expect(expired.do({ type: 'TimeOut' }, context(T0 + 1000))).toEqual(setAside('not-due'));
    expired.do({ type: 'TimeOut' }, context(T0 + 86_400_000));
    expect(expired.events.at(-1)).toMatchObject({
      type: 'UpdateTimedOut',
      data: { stage: 'offer', to: 'waiting' },
    });
    expired.do(offer(), context(T0 + 90_000_000));
    expect(expired.state).toMatchObject({ phase: 'offered', attempt: 1, offer: 2 });
  });

  it('that is postponed or unmet uses no attempt up either', () => {
    for (const kind of ['postponed', 'precondition-unmet'] as const) {
      const put = story().given(says(kind, { seq: 1 }));
      expect(put.state).toMatchObject({ phase: 'waiting', attemptsUsed: 0, notBefore_ms: T0 + 600_000 });
    }
  });

  it('that is declined is settled', () => {
    expect(story().given(says('declined', { seq: 1 })).state.phase).toBe('declined');
  });
});

describe('what the numbering of the vehicle says (DESIGN §4.2)', () => {
  it('an equal seq changes nothing and a lower one is stale', () => {
    const at4 = installing();
    expect(at4.do(says('install-started', { seq: 4 }))).toEqual(setAside('repeated'));
    expect(at4.do(says('download-completed', { seq: 3 }))).toEqual(setAside('stale-seq'));
    expect(at4.do(says('succeeded', { seq: 2 }))).toEqual(setAside('stale-seq'));
  });

  it('gaps in the numbering are no obstacle', () => {
    expect(accepted().given(says('succeeded', { seq: 900 })).state.phase).toBe('succeeded');
  });

  it('a new TCU counts from 1 again, and the old one is stale', () => {
    const swapped = installing();
    const epoch = { tcu: 'T2', reset: 0 };
    expect(swapped.do(says('succeeded', { seq: 9, current: epoch }))).toEqual(setAside('stale-epoch'));
    swapped.given(says('succeeded', { seq: 1, epoch }));
    expect(swapped.state).toMatchObject({ phase: 'succeeded', lastSeq: 1 });
  });

  it('a later phase may overtake an earlier one', () => {
    const jumped = story().given(says('install-started', { seq: 7 }));
    expect(jumped.state.phase).toBe('installing');
    expect(jumped.do(says('download-started', { seq: 8 }))).toEqual(setAside('stale-phase'));
  });

  it('an offer that was never made is a dead letter', () => {
    expect(new Story().do(says('accepted', { seq: 1 }))).toMatchObject({ kind: 'dead-letter' });
    expect(story().do(says('accepted', { seq: 1, offer: 2 }))).toMatchObject({ code: 'unknown-offer' });
    expect(story().do(says('accepted', { seq: 1, attempt: 2 }))).toMatchObject({ code: 'unknown-offer' });
  });
});

describe('a late trigger (DESIGN §4.4)', () => {
  it('is refused: an old offer number is set aside as stale-offer', () => {
    const again = story().given(says('postponed', { seq: 1 }));
    expect(again.do(says('accepted', { seq: 2 }))).toEqual(setAside('stale-offer'));
    again.do(offer(), context(T0 + 600_000));
    expect(again.do(says('accepted', { seq: 3, offer: 1 }))).toEqual(setAside('stale-offer'));
    expect(again.given(says('accepted', { seq: 4, offer: 2 })).state.phase).toBe('accepted');
  });

  it('is refused after a halt took the offer back, also when the vehicle is offered again', () => {
    const halted = story().given({ type: 'Withdraw' });
    expect(halted.state).toMatchObject({ phase: 'waiting', attemptsUsed: 0, notBefore_ms: null });
    expect(halted.do(says('accepted', { seq: 1 }))).toEqual(setAside('stale-offer'));
    halted.given(offer());
    expect(halted.do(says('accepted', { seq: 1 }))).toEqual(setAside('stale-offer'));
    expect(halted.given(says('accepted', { seq: 2, offer: 2 })).state.phase).toBe('accepted');
  });

  it('is refused after a cancellation too', () => {
    const cancelled = story().given({ type: 'Cancel', reason: 'aborted', detail: '' });
    expect(cancelled.do(says('accepted', { seq: 1 }))).toEqual(setAside('stale-offer'));
    expect(cancelled.do(says('download-started', { seq: 2 }))).toEqual(setAside('stale-offer'));
  });
});

describe('an attempt', () => {
  it('has its deadline counted from when it was decided, not from a message that lay in a queue', () => {
    const late = story();
    late.do(says('accepted', { seq: 1 }), context(T0 + 7_200_000));
    expect(late.state.deadline_ms).toBe(T0 + 7_200_000 + 3_600_000);
  });

  it('that fails is tried again after the delay while attempts are left, then failed', () => {
    const failing = installing().given(says('failed', { seq: 5 }));
    expect(failing.state).toMatchObject({ phase: 'waiting', attemptsUsed: 1, notBefore_ms: T0 + 600_000 });
    failing.do(offer(), context(T0 + 600_000));
    expect(failing.state).toMatchObject({ attempt: 2, offer: 2 });
    failing.given(says('failed', { seq: 6, offer: 2, attempt: 2 }));
    expect(failing.events.at(-1)).toMatchObject({ data: { from: 'offered', to: 'failed', notBefore: null } });
    expect(failing.do(offer(), context(T0 + 9e9))).toEqual(setAside('not-offerable'));
  });

  it('that fails while closing is not tried again', () => {
    const closing = installing();
    closing.do(says('failed', { seq: 5 }), context(T0, { closing: true }));
    expect(closing.state.phase).toBe('failed');
  });

  it('that times out is used up', () => {
    const out = installing();
    out.do({ type: 'TimeOut' }, context(T0 + 3_600_000));
    expect(out.state).toMatchObject({ phase: 'waiting', attemptsUsed: 1, deadline_ms: null });
    out.do(offer(), context(T0 + 4_200_000));
    out.do(says('accepted', { seq: 9, offer: 2, attempt: 2 }), context(T0 + 4_200_000));
    out.do({ type: 'TimeOut' }, context(T0 + 9_000_000));
    expect(out.state.phase).toBe('timed-out');
  });

  it('that succeeds can be healthy, and can be taken back (DESIGN §4.3)', () => {
    const done = installing().given(says('succeeded', { seq: 5 }), says('healthy', { seq: 6 }));
    expect(done.events.at(-1)).toMatchObject({
      type: 'UpdateHealthy',
      data: { from: 'succeeded', to: 'succeeded' },
    });
    done.given(says('reverted', { seq: 7 }));
    expect(done.state).toMatchObject({ phase: 'reverted', healthy: false });
  });

  it('is a success when "healthy" overtakes "succeeded"', () => {
    const healthy = installing().given(says('healthy', { seq: 6 }));
    expect(healthy.state).toMatchObject({ phase: 'succeeded', healthy: true, outcome: 'succeeded' });
    expect(healthy.do(says('succeeded', { seq: 5 }))).toEqual(setAside('stale-seq'));
  });

  it('can be cancelled only until it is granted', () => {
    const cancel = { type: 'Cancel', reason: 'aborted', detail: '' } as const;
    expect(accepted().given(cancel).state.phase).toBe('cancelled');
    expect(installing().do(cancel)).toEqual(setAside('not-cancellable'));
  });
});

describe('what the car says wins (DESIGN §4.3)', () => {
  const timedOut = (): Story => {
    const out = installing();
    out.do({ type: 'TimeOut' }, context(T0 + 3_600_000));
    return out;
  };

  it('an outcome after our timeout is recorded and moves the counters once', () => {
    const late = timedOut().given(says('succeeded', { seq: 5 }));
    expect(late.events.at(-1)).toMatchObject({
      type: 'LateOutcomeReported',
      data: { from: 'waiting', to: 'succeeded', reportedAttempt: 1, outcome: 'succeeded' },
    });
    expect(late.do(says('succeeded', { seq: 5 }))).toEqual(setAside('repeated'));
    late.given(says('succeeded', { seq: 6 }));
    expect(late.events.at(-1)).toMatchObject({ data: { from: 'succeeded', to: 'succeeded' } });
  });

  it('it closes a newer offer that was not accepted', () => {
    const late = timedOut();
    late.do(offer(), context(T0 + 4_200_000));
    late.given(says('succeeded', { seq: 5 }));
    expect(late.state).toMatchObject({ phase: 'succeeded', offer: 2 });
    expect(late.do(says('accepted', { seq: 6, offer: 2, attempt: 2 }))).toEqual(setAside('stale-offer'));
  });

  it('a newer attempt under way goes on; if it ends without an outcome, what the car said stands', () => {
    const late = timedOut();
    late.do(offer(), context(T0 + 4_200_000));
    late.do(says('accepted', { seq: 5, offer: 2, attempt: 2 }), context(T0 + 4_200_000));
    late.given(says('succeeded', { seq: 6 }));
    expect(late.events.at(-1)).toMatchObject({ data: { from: 'accepted', to: 'accepted' } });
    late.do({ type: 'TimeOut' }, context(T0 + 9_000_000));
    expect(late.state.phase).toBe('succeeded');
  });

  it('a late failure leaves the vehicle waiting for the attempts that are left', () => {
    const late = timedOut().given(says('failed', { seq: 5 }));
    expect(late.state).toMatchObject({ phase: 'waiting', attemptsUsed: 1, outcome: 'failed' });
  });

  it('it corrects a cancellation, whatever came before', () => {
    const cancelled = story().given({ type: 'Cancel', reason: 'aborted', detail: '' });
    expect(cancelled.given(says('failed', { seq: 1 })).state.phase).toBe('failed');
    expect(cancelled.given(says('succeeded', { seq: 2 })).state.phase).toBe('succeeded');
    expect(cancelled.given(says('reverted', { seq: 3 })).state.phase).toBe('reverted');
  });
});

it('a vehicle that has everything already is satisfied', () => {
  expect(story().given({ type: 'Satisfy', softwareVersion: '2.0.0' }).state.phase).toBe('satisfied');
});

it('the events match their schemas and the commands theirs', () => {
  const all = installing().given(says('failed', { seq: 5 }), says('succeeded', { seq: 6 }));
  for (const event of all.events) {
    const schema = rolloutEvents.find((definition) => definition.type === event.type)?.schema;
    expect(schema?.parse(event.data)).toEqual(event.data);
  }
  expect(assignmentCommand.parse(says('failed', { seq: 5 }))).toEqual(says('failed', { seq: 5 }));
});

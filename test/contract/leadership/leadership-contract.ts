/** What every way of choosing a leader must do. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Candidate, Leadership } from '../../../src/app/ports.ts';
import { eventually } from '../feedback/feedback-contract.ts';

/** Remembers its turns; each lasts until it is taken away or `end` is called. */
export function recordingLead(): {
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly turns: { readonly signal: AbortSignal; end(error?: Error): void; ended: boolean }[];
  readonly most: () => number;
} {
  const turns: { signal: AbortSignal; end(error?: Error): void; ended: boolean }[] = [];
  let most = 0;
  return {
    turns,
    most: () => most,
    lead: async (signal) => {
      const over = Promise.withResolvers<void>();
      const turn = {
        signal,
        ended: false,
        end: (error?: Error) => (error === undefined ? over.resolve() : over.reject(error)),
      };
      turns.push(turn);
      most = Math.max(most, turns.filter(({ ended }) => !ended).length);
      signal.addEventListener('abort', () => over.resolve());
      try {
        await over.promise;
      } finally {
        turn.ended = true;
      }
    },
  };
}

/** `retry_ms` of the fixture is to be small. */
export function leadershipContract(name: string, open: () => Promise<Leadership>): void {
  describe(`leadership: ${name}`, () => {
    const opened: Leadership[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((leadership) => leadership.close()));
    });
    const compete = async (
      task: string,
      lead: (signal: AbortSignal) => Promise<void>,
    ): Promise<Candidate> => {
      const leadership = await open();
      opened.push(leadership);
      return leadership.compete(task, lead);
    };

    it('whoever is alone leads', async () => {
      const { lead, turns } = recordingLead();
      const candidate = await compete('planner', lead);
      await eventually(() => expect(candidate.state()).toBe('leading'));
      expect(turns.map(({ signal }) => signal.aborted)).toEqual([false]);
    });

    it('stop aborts the turn and waits for its end', async () => {
      let ended = false;
      const candidate = await compete('planner', async (signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await new Promise((resolve) => setTimeout(resolve, 30));
        ended = true;
      });
      await eventually(() => expect(candidate.state()).toBe('leading'));
      await candidate.stop();
      expect([ended, candidate.state()]).toEqual([true, 'waiting']);
    });

    it('after a turn that failed there is another one, never two at a time', async () => {
      const { lead, turns, most } = recordingLead();
      await compete('planner', lead);
      await eventually(() => expect(turns).toHaveLength(1));
      turns[0]?.end(new Error('the store is away'));
      await eventually(() => expect(turns).toHaveLength(2));
      turns[1]?.end();
      await eventually(() => expect(turns).toHaveLength(3));
      expect(most()).toBe(1);
    });

    it('tasks have leaders of their own', async () => {
      const [planner, relay] = [recordingLead(), recordingLead()];
      const leadership = await open();
      opened.push(leadership);
      const candidates = [
        leadership.compete('planner', planner.lead),
        leadership.compete('relay', relay.lead),
      ];
      await eventually(() =>
        expect(candidates.map((candidate) => candidate.state())).toEqual(['leading', 'leading']),
      );
      await leadership.close();
      expect([...planner.turns, ...relay.turns].map(({ signal }) => signal.aborted)).toEqual([true, true]);
    });
  });
}

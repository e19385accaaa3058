/** Which record a question is answered from, while the campaign goes on between questions. */
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import type { EventStore, Position, ReadModelReader } from '../../../src/app/ports.ts';
import { rebuildProjection } from '../../../src/app/projector.ts';
import { AS_RECORDED, endsOf } from '../../../src/app/what-if/change.ts';
import type { Rerun } from '../../../src/app/what-if/rerun.ts';
import { type Answer, createWhatIf } from '../../../src/app/what-if/what-if-service.ts';
import { assignments } from '../../../src/projections/assignments.ts';
import { campaigns } from '../../../src/projections/campaigns.ts';
import { progress } from '../../../src/projections/progress.ts';
import { type Course, gateOf, ID, policyOf, run, STARTED } from './made.ts';
import { written } from './written.ts';

const MINUTE = 60_000;
const COURSES = Array.from(
  { length: 10 },
  (_, row): Course => ({
    slice: row % 3,
    accept_ms: MINUTE,
    outcome_ms: (5 + row) * MINUTE,
    outcome: 'succeeded',
  }),
);
const POLICY = policyOf({ waves: [{ name: 'all', size: { rest: true }, gate: gateOf({ soak_s: 0 }) }] });
const MADE = run(COURSES, POLICY);

interface Stage {
  readonly log: EventStore;
  readonly reader: ReadModelReader;
}

async function stage(made: Rerun): Promise<Stage> {
  const { store } = await written(made, POLICY, endsOf(COURSES.length, POLICY));
  const reader = createMemoryReadModel();
  for (const projection of [campaigns, progress, assignments])
    await rebuildProjection({ log: store, writer: reader }, projection);
  return { log: store, reader };
}

/** A service over a log and read models that can be other ones from one question to the next. */
function serviceOver(first: Stage) {
  let [at, now] = [first, STARTED];
  const waited: Position[] = [];
  const service = createWhatIf(
    {
      get: (...of: Parameters<ReadModelReader['get']>) => at.reader.get(...of),
      getMany: (...of: Parameters<ReadModelReader['getMany']>) => at.reader.getMany(...of),
      find: (...of: Parameters<ReadModelReader['find']>) => at.reader.find(...of),
    } as ReadModelReader,
    { readStream: (...of) => at.log.readStream(...of) },
    { now: () => now },
    async (position) => {
      waited.push(position);
      return true;
    },
  );
  return {
    waited,
    async ask(then: Stage, time: number): Promise<Answer> {
      [at, now] = [then, time];
      const question = { campaignId: ID, change: AS_RECORDED, points: 2 };
      const asked = await service.ask(question, new AbortController().signal);
      if (!asked.ok) throw new Error(asked.why);
      return asked.answer;
    },
  };
}

/** The campaign's decisions come a while after the last outcome. */
const later = { ...MADE, happened: MADE.happened.map((one) => ({ ...one, at: one.at + MINUTE })) };
const lastOutcome = Math.max(...MADE.flights.endedAt);

describe('the record of a campaign', () => {
  it('that was read before the end is read again after it, though no vehicle has moved', async () => {
    const before = await stage({ ...later, happened: [] });
    const after = await stage(later);
    const { ask } = serviceOver(before);
    const first = await ask(before, lastOutcome + MINUTE / 2);
    expect(first.over).toBe(false);
    const { over, asOf, recorded } = await ask(after, lastOutcome + 2 * MINUTE);
    expect(over).toBe(true);
    expect(asOf).toBe(lastOutcome + 2 * MINUTE);
    expect(recorded.waves[0]?.gate).toMatchObject({ outcome: 'passed' });
  });

  it('goes on with time while nothing happens', async () => {
    const quiet = await stage({ ...later, happened: [] });
    const { ask } = serviceOver(quiet);
    await ask(quiet, lastOutcome + MINUTE);
    expect((await ask(quiet, lastOutcome + 90 * MINUTE)).asOf).toBe(lastOutcome + 90 * MINUTE);
  });

  it('is not read before the read models have what was decided last', async () => {
    const after = await stage(later);
    const { ask, waited } = serviceOver(after);
    await ask(after, lastOutcome + 2 * MINUTE);
    expect(waited).toEqual([await after.log.head()]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { createKafkaLeadership } from '../../../../src/adapters/kafka/leadership/kafka-leadership.ts';
import type { Candidate } from '../../../../src/app/ports.ts';
import { recordingLead } from '../../../contract/leadership/leadership-contract.ts';
import { connectTo, corner, TIMING } from '../kit.ts';
import { patiently } from '../patiently.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function competitor(url: string, prefix: string, lead: (signal: AbortSignal) => Promise<void>): Candidate {
  const { connection } = connectTo(url, prefix);
  const leadership = createKafkaLeadership(connection, { ...TIMING, retry_ms: 500 });
  ending.push(() => leadership.close());
  return leadership.compete('planner', lead);
}

describe('leadership between processes', () => {
  it('is one’s, stays when others come, and goes over when it stops', async () => {
    const { url, prefix } = await corner(1);
    const { lead, turns, most } = recordingLead();
    const first = competitor(url, prefix, lead);
    await patiently(() => expect(first.state()).toBe('leading'));
    const second = competitor(url, prefix, lead);
    const third = competitor(url, prefix, lead);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect([first, second, third].map((candidate) => candidate.state())).toEqual([
      'leading',
      'waiting',
      'waiting',
    ]);
    expect(turns).toHaveLength(1);
    await first.stop();
    await patiently(() => expect([second.state(), third.state()].toSorted()).toEqual(['leading', 'waiting']));
    expect([turns.length, most()]).toEqual([2, 1]);
  });

  it('goes over when a turn fails', async () => {
    const { url, prefix } = await corner(1);
    const [failing, sound] = [recordingLead(), recordingLead()];
    const first = competitor(url, prefix, failing.lead);
    await patiently(() => expect(first.state()).toBe('leading'));
    const second = competitor(url, prefix, sound.lead);
    await new Promise((resolve) => setTimeout(resolve, 500));
    failing.turns[0]?.end(new Error('the store is away'));
    await patiently(() => expect([first.state(), second.state()]).toEqual(['waiting', 'leading']));
  });
});

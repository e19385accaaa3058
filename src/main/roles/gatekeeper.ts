/** The role that follows campaigns and decides for them: planner, gatekeeper, withdrawals. One is at work, a second waits. */
import { systemClock } from '../../adapters/clock/system-clock.ts';
import type { Agent } from '../../app/campaigns/agent.ts';
import { createGatekeeper } from '../../app/campaigns/gatekeeper.ts';
import { createPlanner } from '../../app/campaigns/planner.ts';
import { createWithdrawals } from '../../app/campaigns/withdrawals.ts';
import type { Candidate } from '../../app/ports.ts';
import type { Check, Context, RunningRole } from '../context.ts';
import type { Shared } from '../shared.ts';
import { createSelector } from '../targeting.ts';
import { untilAborted } from './until-aborted.ts';

/** Failures in a row after which a process manager counts as failing: a lost race or two is no alarm. */
const FAILING_AFTER = 5;

const checkOf = (agent: Agent): Check => {
  const trouble = agent.trouble();
  return {
    name: agent.name,
    ok: trouble === null || trouble.failures < FAILING_AFTER,
    detail: trouble === null ? 'works' : `${trouble.what} (${trouble.failures} times)`,
  };
};

export function createGatekeeperRole({ runtime, views, messaging }: Shared, { log }: Context): RunningRole {
  if (views === null) throw new Error('the planner needs the targeting index');
  const selector = createSelector(views.thread);
  let agents: readonly Agent[] = [];
  let candidate: Candidate | null = null;

  const lead = async (signal: AbortSignal, started: () => void): Promise<void> => {
    const deps = { clock: systemClock, log };
    agents = [
      createPlanner(runtime, { ...deps, selector }),
      createGatekeeper(runtime, deps),
      createWithdrawals(runtime, deps),
    ];
    const mine = agents;
    const starting = Promise.all(mine.map((agent) => agent.start()));
    try {
      await Promise.race([starting, untilAborted(signal)]);
      started();
      await untilAborted(signal);
    } finally {
      await Promise.all(mine.map((agent) => agent.stop()));
      await starting;
      agents = [];
    }
  };

  return {
    name: 'gatekeeper',
    checks: () =>
      candidate?.state() === 'leading'
        ? agents.map(checkOf)
        : [{ name: 'gatekeeper', ok: candidate !== null, detail: 'waits: another process is at work' }],
    async start() {
      const started = Promise.withResolvers<void>();
      candidate = messaging.leadership.compete('gatekeeper', (signal) => lead(signal, started.resolve));
      // Alone in its process it is its turn at once; among several it may never be.
      if (messaging.alone) await started.promise;
    },
    async stop() {
      await candidate?.stop();
    },
  };
}

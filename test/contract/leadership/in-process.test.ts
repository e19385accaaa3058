import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { createInProcessLeadership } from '../../../src/adapters/leadership/in-process/in-process-leadership.ts';
import { lane } from '../../support/engines.ts';
import { leadershipContract } from './leadership-contract.ts';

lane({ suite: 'leadership', adapter: 'in-process', server: 'none', version: '' });

leadershipContract('in process', async () => createInProcessLeadership(systemClock, { retry_ms: 10 }));

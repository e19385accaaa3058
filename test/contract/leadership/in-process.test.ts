import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { createInProcessLeadership } from '../../../src/adapters/leadership/in-process/in-process-leadership.ts';
import { leadershipContract } from './leadership-contract.ts';

leadershipContract('in process', async () => createInProcessLeadership(systemClock, { retry_ms: 10 }));

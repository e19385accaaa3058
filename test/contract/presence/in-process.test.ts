import { createInProcessPresence } from '../../../src/adapters/presence/in-process/in-process-presence.ts';
import { presenceContract } from './presence-contract.ts';

presenceContract('in process', async () => createInProcessPresence());

import { createInProcessPresence } from '../../../src/adapters/presence/in-process/in-process-presence.ts';
import { lane } from '../../support/engines.ts';
import { presenceContract } from './presence-contract.ts';

lane({ suite: 'presence', adapter: 'in-process', server: 'none', version: '' });

presenceContract('in process', async () => createInProcessPresence());

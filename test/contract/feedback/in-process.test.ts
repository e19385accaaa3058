import { createInProcessFeedback } from '../../../src/adapters/feedback/in-process/in-process-feedback.ts';
import { lane } from '../../support/engines.ts';
import { feedbackContract, SHARDS } from './feedback-contract.ts';

lane({ suite: 'feedback', adapter: 'in-process', server: 'none', version: '' });

feedbackContract('in process', async () => ({
  feedback: createInProcessFeedback({ shards: SHARDS }),
  dispose: async () => undefined,
}));

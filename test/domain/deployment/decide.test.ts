import { describe } from 'vitest';
import { deploymentDecider } from '../../../src/domain/deployment/decide.ts';
import type { DeploymentEvent } from '../../../src/domain/deployment/events.ts';
import { specify } from '../../support/decider-spec.ts';

const created: DeploymentEvent = {
  type: 'DeploymentCreated',
  data: { logId: '00000000-0000-7000-8000-000000000001', shards: 64, identity: 'vin' },
};
const start = (shards: number, identity: 'vin' | 'pseudonym') =>
  ({ type: 'StartDeployment', shards, identity }) as const;

describe('a deployment', () => {
  specify(deploymentDecider, [
    { it: 'is made by its first start', when: start(64, 'vin'), gives: [created] },
    { it: 'starts again as it is', given: [created], when: start(64, 'vin'), gives: [] },
    {
      it: 'keeps its shard count',
      given: [created],
      when: start(128, 'vin'),
      gives: 'shard-count-fixed',
    },
    {
      it: 'keeps the form of its vehicle ids',
      given: [created],
      when: start(64, 'pseudonym'),
      gives: 'identity-fixed',
    },
  ]);
});

import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';

/** Written once, by the first start: facts that nothing may change later (DESIGN §3). */
export const deploymentCreated = defineEvent(
  'DeploymentCreated',
  z.object({ logId: z.uuid(), shards: z.int().min(1).max(1024), identity: z.enum(['vin', 'pseudonym']) }),
);
export const deploymentEvents = [deploymentCreated] as const;
export type DeploymentEvent = EventOf<(typeof deploymentEvents)[number]>;

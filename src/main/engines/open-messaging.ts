/** How processes meet: through Kafka, or, where there is only one, within it. */
import { systemClock } from '../../adapters/clock/system-clock.ts';
import { createInProcessFeedback } from '../../adapters/feedback/in-process/in-process-feedback.ts';
import { createInProcessLeadership } from '../../adapters/leadership/in-process/in-process-leadership.ts';
import { createInProcessPresence } from '../../adapters/presence/in-process/in-process-presence.ts';
import { SHARD_COUNT } from '../../domain/shared/shard.ts';
import type { Closing, Context } from '../context.ts';
import type { Messaging } from './messaging.ts';

export const openMessaging = async (context: Context, closing: Closing): Promise<Messaging> =>
  context.config.kafka === undefined
    ? withinProcess(closing)
    : (await import('./kafka-messaging.ts')).openKafkaMessaging(context, context.config.kafka, closing);

function withinProcess(closing: Closing): Messaging {
  const feedback = createInProcessFeedback({ shards: SHARD_COUNT, now: systemClock.now });
  const leadership = createInProcessLeadership(systemClock);
  const presence = createInProcessPresence();
  closing.add('leadership', () => leadership.close());
  closing.add('presence', () => presence.stop());
  return {
    alone: true,
    leadership,
    presence,
    sink: async () => feedback,
    source: async () => feedback,
    untaken: () => 0,
    lost: () => undefined,
    relay: async () => null,
    connected: () => true,
    stats: () => ({}),
  };
}

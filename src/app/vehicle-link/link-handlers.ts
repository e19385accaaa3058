/** What the vehicle link asks of the engine, put together: who may, where messages go, what is to be seen. */
import { shardOf } from '../../domain/shared/shard.ts';
import { MAX_MESSAGE_BYTES } from '../../protocol/topics.ts';
import type { FeedbackSink } from '../ports/feedback.ts';
import type { VehicleLinkHandlers } from '../ports/vehicle-link.ts';
import type { PresenceTable } from './presence-table.ts';

export interface LinkHandlerDeps {
  readonly authenticate: VehicleLinkHandlers['authenticate'];
  /** From the state of the vehicle's shard. */
  readonly render: VehicleLinkHandlers['render'];
  readonly feedback: FeedbackSink;
  readonly presence: Pick<PresenceTable, 'presence' | 'heard'>;
}

export const createLinkHandlers = (deps: LinkHandlerDeps): VehicleLinkHandlers => ({
  authenticate: deps.authenticate,
  render: deps.render,
  presence: (vehicleId, online, at) => deps.presence.presence(vehicleId, online, at),

  /**
   * Hands a message to its shard without waiting for anything before, so that the messages of a vehicle keep
   * their order. What is in it is the shard worker's matter: rubbish too is put on record there.
   */
  async deliver({ vehicleId, channel, payload, receivedAt }) {
    if (payload.length > MAX_MESSAGE_BYTES)
      throw new RangeError(`a message has ${payload.length} bytes, the limit is ${MAX_MESSAGE_BYTES}`);
    deps.presence.heard(vehicleId, receivedAt);
    await deps.feedback.publish([{ vehicleId, shard: shardOf(vehicleId), channel, payload, receivedAt }]);
  },
});

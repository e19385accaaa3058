/** What is known of a vehicle's connection, in the compacted topic. */
import type { KafkaMessage, Message } from 'kafkajs';
import type { PresenceSignal } from '../../../app/ports/presence.ts';
import { vehicleId as vehicleIdSchema } from '../../../domain/shared/ids.ts';

/** Apart from the connection's key: being heard of must not overwrite being connected when the topic is compacted. */
const HEARD = '/heard';

export const presenceKey = ({ vehicleId, online }: PresenceSignal): string =>
  online === null ? `${vehicleId}${HEARD}` : vehicleId;

export const presenceMessage = (signal: PresenceSignal): Message => ({
  key: presenceKey(signal),
  value: JSON.stringify({ online: signal.online, at: signal.at }),
});

/** Null for what is no signal: it is passed over. */
export function readPresence({ key, value }: KafkaMessage): PresenceSignal | null {
  const name = key?.toString() ?? '';
  const vehicleId = name.endsWith(HEARD) ? name.slice(0, -HEARD.length) : name;
  if (value === null || !vehicleIdSchema.safeParse(vehicleId).success) return null;
  try {
    const { online, at } = JSON.parse(value.toString()) as Record<string, unknown>;
    if (typeof at !== 'number' || !Number.isFinite(at)) return null;
    if (online !== null && typeof online !== 'boolean') return null;
    return { vehicleId, online, at };
  } catch {
    return null;
  }
}

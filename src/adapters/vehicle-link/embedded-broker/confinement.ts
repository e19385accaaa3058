/** What a vehicle may do on the broker: its own topics, in its direction, under its own name. */
import type { ConnectPacket } from 'aedes';
import { vehicleId } from '../../../domain/shared/ids.ts';
import { parseTopic } from '../../../protocol/topics.ts';

type UpName = 'feedback' | 'inventory' | 'presence';
type DownName = 'update' | 'grant' | 'receipt';

/** Where a vehicle may publish to: the name of its own topic, or null. */
export function upTopicOf(vehicle: string, topic: string): UpName | null {
  const parsed = parseTopic(topic);
  if (parsed === null || parsed.vehicleId !== vehicle) return null;
  const { name } = parsed;
  return name === 'feedback' || name === 'inventory' || name === 'presence' ? name : null;
}

/** What a vehicle may subscribe to: the name of its own topic, never a wildcard; or null. */
export function downTopicOf(vehicle: string, filter: string): DownName | null {
  const parsed = parseTopic(filter);
  if (parsed === null || parsed.vehicleId !== vehicle) return null;
  const { name } = parsed;
  return name === 'update' || name === 'grant' || name === 'receipt' ? name : null;
}

/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
const IDENTIFIER_REJECTED = 2;
export const UNAVAILABLE = 3;
export const BAD_CREDENTIAL = 4;
const NOT_AUTHORIZED = 5;

/**
 * Why a CONNECT is refused before its password is looked at; null when it is not. The client id must be the
 * vehicle id, so that no vehicle can close the connection of another one by taking its id, and a vehicle that
 * connects again takes the place of its old connection [MQTT-3.1.4-2]. A will may only be its own presence.
 */
export function connectProblem(
  packet: Pick<ConnectPacket, 'clientId' | 'username' | 'will'>,
): typeof IDENTIFIER_REJECTED | typeof BAD_CREDENTIAL | typeof NOT_AUTHORIZED | null {
  const { username, clientId, will } = packet;
  if (username === undefined || !vehicleId.safeParse(username).success) return BAD_CREDENTIAL;
  if (clientId !== username) return IDENTIFIER_REJECTED;
  if (will !== undefined && upTopicOf(username, will.topic) !== 'presence') return NOT_AUTHORIZED;
  return null;
}

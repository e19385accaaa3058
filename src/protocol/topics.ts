/** Topics of the vehicle protocol (DESIGN §6). */
export const PROTOCOL_VERSION = 1;
export const MAX_MESSAGE_BYTES = 65_536;

export type UpTopic = 'feedback' | 'inventory' | 'presence';
export type DownTopicName = 'update' | 'grant' | 'receipt';

export const topicOf = (vehicleId: string, name: UpTopic | DownTopicName): string =>
  `fw/v1/${vehicleId}/${name}`;

/** Takes a topic apart; null for anything that is not one of ours. */
export function parseTopic(topic: string): { vehicleId: string; name: UpTopic | DownTopicName } | null {
  const match = /^fw\/v1\/([A-Za-z0-9]{1,32})\/(feedback|inventory|presence|update|grant|receipt)$/.exec(
    topic,
  );
  if (match === null) return null;
  return { vehicleId: match[1] as string, name: match[2] as UpTopic | DownTopicName };
}

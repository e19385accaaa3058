/** A PUBLISH as bytes (MQTT 3.1.1, 3.3), made in one go: it goes to one connection, past the broker's routing. */
const PUBLISH = 0x30;
const QOS_1 = 0x02;

/** `packetId` (1..65535) for QoS 1, null for QoS 0. The topic must be ASCII. */
export function publishPacket(topic: string, payload: Uint8Array, packetId: number | null): Buffer {
  const idBytes = packetId === null ? 0 : 2;
  const remaining = 2 + topic.length + idBytes + payload.length;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  const packet = Buffer.allocUnsafe(1 + lengthBytes + remaining);
  packet[0] = packetId === null ? PUBLISH : PUBLISH | QOS_1;
  let at = 1;
  for (let left = remaining, more = true; more; left = Math.floor(left / 128)) {
    more = left >= 128;
    packet[at++] = (left % 128) | (more ? 0x80 : 0);
  }
  at = packet.writeUInt16BE(topic.length, at);
  at += packet.write(topic, at, 'latin1');
  if (packetId !== null) at = packet.writeUInt16BE(packetId, at);
  packet.set(payload, at);
  return packet;
}

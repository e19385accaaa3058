/** The AsyncAPI 3.0 document of the vehicle protocol (DESIGN §6), made of its zod schemas. */
import { z } from 'zod';
import { feedback, grants, inventory, presence, receipt, update } from '../protocol/messages.ts';
import { type DownTopicName, MAX_MESSAGE_BYTES, type UpTopic } from '../protocol/topics.ts';

interface Message {
  readonly topic: UpTopic | DownTopicName;
  readonly schema: z.ZodType;
  readonly title: string;
  readonly summary: string;
  /** Direction as the server sees it. */
  readonly action: 'receive' | 'send';
}

const MESSAGES: readonly Message[] = [
  {
    topic: 'feedback',
    schema: feedback,
    title: 'Feedback',
    summary:
      'How the vehicle gets on with an offer. Keep it until its seq is in a receipt; repeats are harmless.',
    action: 'receive',
  },
  {
    topic: 'inventory',
    schema: inventory,
    title: 'Inventory',
    summary:
      'All ECUs of the vehicle: at first contact, after every installation (before its outcome) and on change.',
    action: 'receive',
  },
  {
    topic: 'presence',
    schema: presence,
    title: 'Presence',
    summary: 'Retained `online`; the last will says `offline`. Not recorded.',
    action: 'receive',
  },
  {
    topic: 'update',
    schema: update,
    title: 'Update',
    summary:
      'All offers open for the vehicle now; what is not in it is cancelled. An offer alone allows nothing.',
    action: 'send',
  },
  {
    topic: 'grant',
    schema: grants,
    title: 'Grants',
    summary: 'Permissions to download and install, with token and content keys: secrets.',
    action: 'send',
  },
  {
    topic: 'receipt',
    schema: receipt,
    title: 'Receipt',
    summary:
      'Exactly the seqs that are safe, as inclusive ranges. Anything not named must be kept and sent again.',
    action: 'send',
  },
];

function payloadOf(message: Message): Record<string, unknown> {
  const io = message.action === 'receive' ? 'input' : 'output';
  const { $schema: _dialect, ...json } = z.toJSONSchema(message.schema, { io, unrepresentable: 'any' });
  return json;
}

const channelOf = ({ topic, title, summary }: Message) => ({
  address: `fw/v1/{vehicleId}/${topic}`,
  title,
  description: summary,
  messages: { [topic]: { $ref: `#/components/messages/${topic}` } },
  parameters: { vehicleId: { $ref: '#/components/parameters/vehicleId' } },
  servers: [{ $ref: '#/servers/broker' }],
});

const operationOf = ({ topic, action, summary }: Message) => ({
  action,
  channel: { $ref: `#/channels/${topic}` },
  summary,
  messages: [{ $ref: `#/channels/${topic}/messages/${topic}` }],
  bindings: { mqtt: { qos: 1, retain: topic === 'presence', bindingVersion: '0.2.0' } },
});

const byTopic = <T>(make: (message: Message) => T): Record<string, T> =>
  Object.fromEntries(MESSAGES.map((message) => [message.topic, make(message)]));

export const asyncApiDocument = (): object => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Fleetwave vehicle protocol',
    version: '1.0.0',
    description:
      `MQTT 3.1.1, QoS 1, JSON of at most ${MAX_MESSAGE_BYTES} bytes. A vehicle may only use its own topics. ` +
      'Its messages are numbered by seq within an epoch (TCU serial and reset counter), over both numbered topics. ' +
      'Files are downloaded from `{contentBase}/content/{sha256}` over HTTP: AES-256-GCM in chunks of 64 KiB, ' +
      'nonce = 7 zero bytes, chunk number (uint32, big endian), last-chunk flag; associated data = the file id.',
    license: { name: 'Apache-2.0' },
  },
  defaultContentType: 'application/json',
  servers: {
    broker: {
      host: '127.0.0.1:7401',
      protocol: 'mqtt',
      protocolVersion: '3.1.1',
      description: 'The embedded broker; user name = vehicle id, password = its credential.',
      security: [{ $ref: '#/components/securitySchemes/credential' }],
    },
  },
  channels: byTopic(channelOf),
  operations: byTopic(operationOf),
  components: {
    messages: byTopic((message) => ({
      name: message.topic,
      title: message.title,
      summary: message.summary,
      contentType: 'application/json',
      payload: payloadOf(message),
    })),
    parameters: { vehicleId: { description: 'The vehicle’s id: letters and digits, at most 32.' } },
    securitySchemes: {
      credential: {
        type: 'userPassword',
        description: 'Made by POST /v1/vehicles/{vehicle}/issue-credential.',
      },
    },
  },
});

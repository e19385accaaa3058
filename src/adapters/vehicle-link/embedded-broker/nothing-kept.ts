/**
 * What the broker would keep and route for its clients, and need not: messages from vehicles end in the engine,
 * messages to vehicles are written to their connection. So there is no retained message, no session, no queue
 * and no table of subscriptions, whatever a client asks for; and nothing of them to be searched per message.
 */
import { Readable } from 'node:stream';

type Done = (() => void) | undefined;

/** In the place of the broker's message bus: nobody listens. */
export const silentBus = {
  on: (_topic: string, _listener: unknown, done: Done) => done?.(),
  removeListener: (_topic: string, _listener: unknown, done: Done) => done?.(),
  emit: (_packet: unknown, done: Done) => done?.(),
  close: (done: Done) => done?.(),
};

interface ClientRef {
  readonly id: string;
}

/**
 * In the place of the broker's store. Only the ids of QoS 2 messages between PUBREC and PUBREL are kept, as long
 * as their connection lasts, because a repeat of one must not count as new [MQTT-4.3.3-2].
 */
export function createForgetfulStore() {
  const incoming = new Map<string, Set<number>>();
  const nothing = async (): Promise<void> => undefined;
  const none = async (): Promise<readonly never[]> => [];
  // One for every client that connects; `Readable.from([])` costs several times as much.
  const emptyStream = (): Readable =>
    new Readable({
      objectMode: true,
      read() {
        this.push(null);
      },
    });
  const expect = (client: ClientRef, messageId: number): void => {
    if (incoming.get(client.id)?.has(messageId) !== true) throw new Error('no such packet');
  };
  return {
    // The broker refuses a store whose setup is not declared async.
    async setup() {},
    storeRetained: nothing,
    createRetainedStreamCombi: emptyStream,
    addSubscriptions: nothing,
    removeSubscriptions: nothing,
    cleanSubscriptions: nothing,
    subscriptionsByClient: none,
    subscriptionsByTopic: none,
    outgoingEnqueue: nothing,
    outgoingEnqueueCombi: nothing,
    outgoingUpdate: nothing,
    outgoingClearMessageId: nothing,
    outgoingStream: emptyStream,
    putWill: nothing,
    delWill: nothing,
    streamWill: emptyStream,

    async incomingStorePacket(client: ClientRef, packet: { readonly messageId: number }) {
      const ids = incoming.get(client.id) ?? new Set();
      incoming.set(client.id, ids.add(packet.messageId));
    },
    async incomingGetPacket(client: ClientRef, packet: { readonly messageId: number }) {
      expect(client, packet.messageId);
      return packet;
    },
    async incomingDelPacket(client: ClientRef, packet: { readonly messageId: number }) {
      expect(client, packet.messageId);
      incoming.get(client.id)?.delete(packet.messageId);
    },
    async cleanIncoming(client: ClientRef) {
      incoming.delete(client.id);
    },
  };
}

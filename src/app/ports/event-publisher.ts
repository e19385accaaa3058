export interface OutgoingMessage {
  /** Messages of one key keep their order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Hands what happened to systems outside (DESIGN §6). */
export interface EventPublisher {
  /** Resolves when all of them are safe; they may come twice. Tried until then. @throws when it is stopped before. */
  publish(channel: 'events' | 'dead-letter', messages: readonly OutgoingMessage[]): Promise<void>;
  stop(): Promise<void>;
}

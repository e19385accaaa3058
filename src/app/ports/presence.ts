/** What one process learns of vehicles' connections, for those that answer questions about it. Ephemeral (DESIGN §6). */
export interface PresenceSignal {
  readonly vehicleId: string;
  /** Null: it was heard of, which says nothing of its connection. */
  readonly online: boolean | null;
  /** Broker time, milliseconds since 1970. */
  readonly at: number;
}

export interface PresenceSink {
  /** May be late or lost. Never waits. */
  tell(signal: PresenceSignal): void;
}

export interface PresenceFeed extends PresenceSink {
  /** Calls back with what was told by any process, beginning with the last that is known of each vehicle. */
  follow(listener: (signals: readonly PresenceSignal[]) => void): Promise<void>;
  stop(): Promise<void>;
}

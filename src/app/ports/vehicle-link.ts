import type { FeedbackChannel } from './feedback.ts';

export type DownTopic = 'update' | 'grant' | 'receipt';

export interface DownMessage {
  readonly vehicleId: string;
  readonly topic: DownTopic;
  readonly payload: Uint8Array;
}

/** The way to vehicles. A message to a vehicle that is not there may be dropped: state is rendered again when it comes. */
export interface VehicleLink {
  send(messages: readonly DownMessage[]): Promise<void>;
}

/** What the link asks of the engine. */
export interface VehicleLinkHandlers {
  /** Whether the user name and password are a current credential of that vehicle. */
  authenticate(vehicleId: string, secret: string): Promise<boolean>;
  /** A message came. Resolves when it may be acknowledged at MQTT level (DESIGN §4.1). */
  deliver(record: {
    readonly vehicleId: string;
    readonly channel: FeedbackChannel;
    readonly payload: Uint8Array;
    readonly receivedAt: number;
  }): Promise<void>;
  /** What a vehicle that subscribes now should see; null = nothing. */
  render(vehicleId: string, topic: 'update' | 'grant'): Promise<Uint8Array | null>;
  presence(vehicleId: string, online: boolean, at: number): void;
}

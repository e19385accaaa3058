/** What the broker has seen since it started. Every message that was not taken is in one of the counters. */
export interface BrokerStats {
  /** Vehicles connected and authenticated now. */
  connected: number;
  /** Connections over `maxConnections`, closed at once. */
  connectionsRefused: number;
  /** Wrong vehicle, password, client id or will. */
  authenticationFailures: number;
  /** A vehicle that connected again while its old connection stood. */
  takenOver: number;
  /** Feedback and inventory that came. */
  received: number;
  /** Of these: safe, and acknowledged where QoS is not 0. */
  delivered: number;
  /** Of these: the engine could not take them; the vehicle was disconnected and sends again. */
  undelivered: number;
  /** To a topic that is not the vehicle's own; the vehicle was disconnected. */
  forbiddenPublishes: number;
  forbiddenSubscriptions: number;
  /** Presence messages that can't be read. */
  malformedPresence: number;
  /** Connections closed for a packet over the limit. */
  tooLarge: number;
  /** Connections closed because what came is no MQTT. */
  notMqtt: number;
  /** Connections closed because the vehicle did not read what it was sent. */
  slowConsumers: number;
  /** Messages to vehicles: handed to their connection. */
  sent: number;
  /** Messages to vehicles that are not there or have not subscribed: rendered when they do. */
  dropped: number;
}

export const newStats = (): BrokerStats => ({
  connected: 0,
  connectionsRefused: 0,
  authenticationFailures: 0,
  takenOver: 0,
  received: 0,
  delivered: 0,
  undelivered: 0,
  forbiddenPublishes: 0,
  forbiddenSubscriptions: 0,
  malformedPresence: 0,
  tooLarge: 0,
  notMqtt: 0,
  slowConsumers: 0,
  sent: 0,
  dropped: 0,
});

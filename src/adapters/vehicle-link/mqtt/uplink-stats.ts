/** What came from vehicles since the uplink was opened. Every message that was not delivered is in one of these. */
export interface UplinkStats {
  /** Feedback and inventory that came, repeats of the broker included. */
  received: number;
  /** Of these: the broker said that it had sent them before. */
  repeated: number;
  /** Of these: durable, as far as `deliver` makes them so. */
  delivered: number;
  /** Of these: `deliver` has refused; they come again. */
  undelivered: number;
  /** Of these: larger than the protocol allows, thrown away. */
  tooLarge: number;
  presence: number;
  malformedPresence: number;
  /** Vehicles that have connected and were announced. */
  arrivals: number;
  /** On topics that are not of the protocol. */
  foreignTopics: number;
  /** How often reading from the broker was held because too much waits to be delivered. */
  holds: number;
  /** Connections broken off because something could not be delivered. */
  cycles: number;
  /** Connections made again after they were lost or broken off. */
  reconnections: number;
}

export const newUplinkStats = (): UplinkStats => ({
  received: 0,
  repeated: 0,
  delivered: 0,
  undelivered: 0,
  tooLarge: 0,
  presence: 0,
  malformedPresence: 0,
  arrivals: 0,
  foreignTopics: 0,
  holds: 0,
  cycles: 0,
  reconnections: 0,
});

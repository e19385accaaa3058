/** What a message of a vehicle means for the engine. */
import type { IPublishPacket } from 'mqtt';
import type { Arrival } from '../../../app/ports/feedback.ts';
import type { VehicleLinkHandlers } from '../../../app/ports/vehicle-link.ts';
import { shardOf } from '../../../domain/shared/shard.ts';
import { MAX_MESSAGE_BYTES, parseTopic } from '../../../protocol/topics.ts';
import { readPresence } from '../presence-message.ts';
import type { UplinkStats } from './uplink-stats.ts';

export interface UplinkHandlers {
  readonly deliver: VehicleLinkHandlers['deliver'];
  readonly presence: VehicleLinkHandlers['presence'];
  readonly arrived: (vehicles: readonly Arrival[]) => Promise<void>;
  /** A connection is away, or is back just now: messages of vehicles may be late. */
  readonly unheard: () => void;
}

export interface Intake {
  /**
   * Hands a message on, at once and in the order of the calls. Null when that was all; else a promise that
   * resolves when the message may be acknowledged, and rejects when it has to come again.
   *
   * @param greet A retained `online` counts as an arrival: the one that was published may have been missed.
   */
  take(packet: IPublishPacket, greet: boolean): Promise<void> | null;
  /** Announces a vehicle; resolves when that is done. */
  arrive(vehicleId: string): Promise<void>;
}

/** Vehicles that come within this time are announced together, milliseconds. */
const GATHER_MS = 20;
const MOST_AT_ONCE = 1000;

export function createIntake(handlers: UplinkHandlers, stats: UplinkStats, now: () => number): Intake {
  const arrive = createArrivals(handlers.arrived, stats);

  function takePresence(vehicleId: string, packet: IPublishPacket, greet: boolean): Promise<void> | null {
    const state = readPresence(packet.payload);
    // An empty retained message is how presence is cleared.
    if (state === null && packet.payload.length > 0) stats.malformedPresence++;
    if (state === null) return null;
    stats.presence++;
    handlers.presence(vehicleId, state === 'online', now());
    return state === 'online' && (greet || !packet.retain) ? arrive(vehicleId) : null;
  }

  return {
    arrive,
    take(packet, greet) {
      const topic = parseTopic(packet.topic);
      const name = topic?.name;
      if (name === 'presence') return takePresence(topic?.vehicleId ?? '', packet, greet);
      if (topic === null || (name !== 'feedback' && name !== 'inventory')) {
        stats.foreignTopics++;
        return null;
      }
      stats.received++;
      if (packet.dup) stats.repeated++;
      if (packet.payload.length > MAX_MESSAGE_BYTES) {
        stats.tooLarge++;
        return null;
      }
      // A copy: what the parser gives is a view into the piece of the stream that it came in, which would live on.
      const payload = Buffer.from(packet.payload);
      const { vehicleId } = topic;
      return handlers.deliver({ vehicleId, channel: name, payload, receivedAt: now() });
    },
  };
}

/** Gathers arrivals into batches, one batch at a time. Each waits for its own batch, so what waits is bounded by them. */
function createArrivals(
  arrived: UplinkHandlers['arrived'],
  stats: UplinkStats,
): (vehicleId: string) => Promise<void> {
  let gathering: { readonly vehicles: Map<string, Arrival>; readonly done: Promise<void> } | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function announce(vehicles: ReadonlyMap<string, Arrival>): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    gathering = null;
    const all = [...vehicles.values()];
    for (let at = 0; at < all.length; at += MOST_AT_ONCE) await arrived(all.slice(at, at + MOST_AT_ONCE));
    stats.arrivals += all.length;
  }
  return (vehicleId) => {
    if (gathering === null) {
      const vehicles = new Map<string, Arrival>();
      const before = last;
      const done = before.then(() => announce(vehicles));
      last = done.catch(() => undefined);
      gathering = { vehicles, done };
    }
    gathering.vehicles.set(vehicleId, { vehicleId, shard: shardOf(vehicleId) });
    return gathering.done;
  };
}

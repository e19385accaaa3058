/**
 * Messages from vehicles over an external broker. A broker that speaks MQTT 5 shares them out to several
 * connections and processes; an older one gives all to one connection.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../../app/ports/log.ts';
import { createDialer, type Dial } from './dialer.ts';
import { createIntake, type Intake, type UplinkHandlers } from './intake.ts';
import { type KeptConnection, keepConnected } from './kept-connection.ts';
import { createPresenceLook, type PresenceLook } from './presence-look.ts';
import { type Allowance, Receiver } from './receiver.ts';
import { type MqttSettings, shown } from './settings.ts';
import { canShare, filtersOf, subscribe } from './subscriptions.ts';
import { newUplinkStats, type UplinkStats } from './uplink-stats.ts';

export type { UplinkHandlers } from './intake.ts';
export type { UplinkStats } from './uplink-stats.ts';

export interface MqttUplinkOptions extends MqttSettings {
  /**
   * One for each process and the same after its restart: by it the broker knows the sessions again, and what it
   * has queued for them. Sessions that nobody comes back for are given their share until they end.
   */
  readonly clientId: string;
  /** Processes of one group share the messages; default `fleetwave`. */
  readonly group?: string;
  /** Connections where the broker can share; default 4. */
  readonly connections?: number;
  /** `every`: for a process that keeps its own table of who is connected; `shared`: to one of the group. */
  readonly presence: 'shared' | 'every';
  readonly handlers: UplinkHandlers;
  /** Messages taken from the broker and not delivered yet, over all connections; default 4000. */
  readonly maxInFlight?: number;
  /** How long the broker keeps what comes while we are away, seconds; default 60. MQTT 3.1.1 knows no limit. */
  readonly session_s?: number;
  /** Milliseconds since 1970: MQTT brings no time with a message, so a message counts as received when it came here. */
  readonly now: () => number;
  readonly log: Log;
  /** How long opening waits for the broker, milliseconds; default 10,000. */
  readonly openWithin_ms?: number;
  /** First and longest pause between attempts to connect, milliseconds. */
  readonly pauses_ms?: readonly [number, number];
}

export interface MqttUplink {
  /** Whether all connections stand. */
  connected(): boolean;
  stats(): Readonly<UplinkStats & { readonly connections: number; readonly inFlight: number }>;
  /**
   * Takes nothing more, waits a little for what was taken, and closes. The broker queues for us what comes from
   * then on; with `leave` it gives that to the others of the group (MQTT 5).
   */
  close(options?: { readonly leave?: boolean }): Promise<void>;
}

interface Slot {
  readonly kept: KeptConnection;
  readonly receiver: Receiver;
}
interface Context {
  readonly options: MqttUplinkOptions;
  readonly dial: Dial;
  readonly stats: UplinkStats;
  readonly intake: Intake;
  readonly look: PresenceLook;
  readonly total: Allowance;
  readonly share: Allowance;
  /** Null until the first connection has shown it. */
  sharing: boolean | null;
}

const CONNECTIONS = 4;
const MAX_IN_FLIGHT = 4000;
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
/** Four times what the protocol allows: more is not even sent to us. */
const MAX_PACKET_BYTES = 262_144;
const SESSION_S = 60;
const OPEN_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 5000;
const LEAVE_WITHIN_MS = 1000;
const POLL_MS = 10;

const interestOf = ({ group = 'fleetwave', presence }: MqttUplinkOptions) => ({ group, presence });

/** @throws Error naming FLEETWAVE_MQTT when the broker can't be had. */
export async function openMqttUplink(options: MqttUplinkOptions): Promise<MqttUplink> {
  const connections = options.connections ?? CONNECTIONS;
  const context = createContext(options, connections);
  const slots = [openSlot(0, context)];
  const within_ms = options.openWithin_ms ?? OPEN_WITHIN_MS;
  try {
    await slots[0]?.kept.first(within_ms);
    for (let number = 1; number < connections && context.sharing === true; number++)
      slots.push(openSlot(number, context));
    await Promise.all(slots.map(({ kept }) => kept.first(within_ms)));
  } catch (error) {
    await Promise.all([context.look.stop(), ...slots.map(({ kept }) => kept.stop())]);
    const message = `FLEETWAVE_MQTT: ${shown(options)} can't be used: ${(error as Error).message}.`;
    throw new Error(message, { cause: error });
  }
  const inFlight = (): number => slots.reduce((sum, { receiver }) => sum + receiver.inFlight, 0);
  return {
    connected: () => slots.every(({ kept }) => kept.current() !== null),
    stats: () => ({
      ...context.stats,
      connections: slots.filter(({ kept }) => kept.current() !== null).length,
      inFlight: inFlight(),
    }),
    async close({ leave = false } = {}) {
      await context.look.stop();
      if (leave) await leaveGroup(slots, context);
      for (const { receiver } of slots) receiver.drain();
      const deadline = performance.now() + CLOSE_WITHIN_MS;
      while (inFlight() > 0 && performance.now() < deadline) await sleep(POLL_MS);
      // The last acknowledgements leave.
      await sleep(POLL_MS);
      await Promise.all(slots.map(({ kept }) => kept.stop(leave)));
    },
  };
}

function createContext(options: MqttUplinkOptions, connections: number): Context {
  const { handlers, now, log, clientId, maxInFlight = MAX_IN_FLIGHT } = options;
  const stats = newUplinkStats();
  const dial = createDialer(options);
  const intake = createIntake(handlers, stats, now);
  return {
    options,
    dial,
    stats,
    intake,
    look: createPresenceLook({ dial, clientId, intake, presence: handlers.presence, now, log }),
    total: { messages: maxInFlight, bytes: MAX_IN_FLIGHT_BYTES },
    share: {
      messages: Math.max(1, Math.floor(maxInFlight / connections)),
      bytes: MAX_IN_FLIGHT_BYTES / connections,
    },
    sharing: null,
  };
}

function openSlot(number: number, context: Context): Slot {
  const { options, dial, stats, intake, look, share } = context;
  const receiver = new Receiver(share, {
    intake,
    stats,
    onFailure(error) {
      stats.cycles++;
      kept.cycle(`a message could not be delivered: ${error instanceof Error ? error.message : error}`);
    },
  });
  const kept: KeptConnection = keepConnected({
    name: `uplink ${number}`,
    log: options.log,
    ...(options.pauses_ms === undefined ? {} : { pauses_ms: options.pauses_ms }),
    open: () =>
      dial({
        clientId: `${options.clientId}-${number}`,
        session_s: options.session_s ?? SESSION_S,
        receiveMaximum: share.messages,
        maximumPacketSize: MAX_PACKET_BYTES,
        prepare: (client) => receiver.attach(client),
      }),
    async ready(connection, times) {
      const sharing = canShare(connection);
      context.sharing ??= sharing;
      if (!sharing && number > 0) throw new Error('the broker does not share subscriptions any more');
      if (!sharing) receiver.allowance = context.total;
      if (times > 1) {
        stats.reconnections++;
        options.handlers.unheard();
      }
      const anew = !connection.sessionPresent;
      if (anew) receiver.greetRetained();
      await subscribe(connection, interestOf(options), filtersOf(interestOf(options), sharing, number));
      if (anew && sharing && options.presence === 'shared') look.request();
    },
    /** Also after each attempt that failed. */
    lost() {
      receiver.detach();
      options.handlers.unheard();
    },
  });
  return { kept, receiver };
}

/** Gives the subscriptions up before the connections, so that nothing is on its way to us when they end. */
async function leaveGroup(slots: readonly Slot[], { options, sharing }: Context): Promise<void> {
  const left = slots.map(async ({ kept }, number) => {
    const filters = filtersOf(interestOf(options), sharing === true, number);
    await kept.current()?.client.unsubscribeAsync(filters);
  });
  await Promise.race([Promise.allSettled(left), sleep(LEAVE_WITHIN_MS)]);
}

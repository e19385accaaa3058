/** What the broker asks before it lets a client do something. */
import type { AedesOptions, AuthenticateError, Client, ConnectPacket } from 'aedes';
import { MAX_MESSAGE_BYTES } from '../../../protocol/topics.ts';
import { readPresence } from '../presence-message.ts';
import { BAD_CREDENTIAL, connectProblem, downTopicOf, UNAVAILABLE, upTopicOf } from './confinement.ts';
import type { SessionContext } from './session.ts';
import type { VehicleSessions } from './vehicle-sessions.ts';

type Hooks = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'>
>;

const refusal = (returnCode: number): AuthenticateError =>
  Object.assign(new Error('connection refused'), { returnCode }) as AuthenticateError;

/** CONNECT: who it is, and whether it may. */
function connectHooks(
  sessions: VehicleSessions,
  context: SessionContext,
): Pick<Hooks, 'preConnect' | 'authenticate'> {
  const { handlers, stats, onError } = context;
  const refused = new WeakMap<Client, number>();
  return {
    preConnect(client: Client, packet: ConnectPacket, done) {
      // Sessions are not kept: CONNACK says so, and the client subscribes again [MQTT-3.2.2-3].
      packet.clean = true;
      const problem = connectProblem(packet);
      if (problem !== null) refused.set(client, problem);
      done(null, true);
    },

    authenticate(client, username, password, done) {
      const refuse = (code: number): void => {
        stats.authenticationFailures++;
        done(refusal(code), false);
      };
      const admit = (vehicleId: string): void => {
        if (sessions.has(vehicleId)) stats.takenOver++;
        done(null, true);
      };
      const problem = refused.get(client);
      if (problem !== undefined || username === undefined) {
        refuse(problem ?? BAD_CREDENTIAL);
        return;
      }
      /** The CONNACK return code, 0 for welcome. */
      const judge = async (): Promise<number> => {
        try {
          const secret = password?.toString('utf8') ?? '';
          return (await handlers.authenticate(username, secret)) ? 0 : BAD_CREDENTIAL;
        } catch (error) {
          onError(error);
          return UNAVAILABLE;
        }
      };
      judge()
        .then((code) => (code === 0 ? admit(username) : refuse(code)))
        .catch(onError);
    },
  };
}

export const createHooks = (sessions: VehicleSessions, context: SessionContext): Hooks => ({
  ...connectHooks(sessions, context),

  /** A PUBLISH, or the will of a connection that ended: that one has no session any more that could take it. */
  authorizePublish(client, packet, done) {
    const { stats, handlers } = context;
    packet.retain = false;
    const session = sessions.of(client);
    const topic = session === null ? null : upTopicOf(session.vehicleId, packet.topic);
    const payload = Buffer.from(packet.payload);
    if (session === null || client?.closed === true) {
      done(new Error('the connection has ended'));
    } else if (topic === null) {
      // Acknowledging what is thrown away would be a lie; the other way is to close [MQTT-3.3.5-2].
      stats.forbiddenPublishes++;
      done(new Error('not a topic of this vehicle'));
    } else if (payload.length > MAX_MESSAGE_BYTES) {
      stats.tooLarge++;
      done(new Error('the payload is too large'));
    } else if (topic === 'presence') {
      const state = readPresence(payload);
      if (state === null) stats.malformedPresence++;
      else handlers.presence(session.vehicleId, state === 'online', context.now());
      done(null);
      session.connection.settled();
    } else {
      session.take(topic, payload, done);
    }
  },

  authorizeSubscribe(client, subscription, done) {
    const own = sessions.of(client) !== null && downTopicOf(client.id, subscription.topic) !== null;
    if (!own) context.stats.forbiddenSubscriptions++;
    // Without a subscription the SUBACK says 0x80 (MQTT 3.1.1, 3.9.3).
    done(null, own ? subscription : null);
  },
});

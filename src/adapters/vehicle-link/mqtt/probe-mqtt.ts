/** What `doctor` finds out about an external broker, without anything that vehicles or other processes would notice. */
import { randomBytes } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { bad, type Finding, good } from '../../../app/ports/probe.ts';
import { MAX_MESSAGE_BYTES, topicOf } from '../../../protocol/topics.ts';
import { createDialer, type MqttConnection } from './dialer.ts';
import { addressOf, MqttSettingError, type MqttSettings, shown } from './settings.ts';
import { canShare } from './subscriptions.ts';

const CONNECT_MS = 2500;
const STEP_MS = 1000;
const CHECKS_MS = 2000;
/** Topic and packet id come on top of the payload. */
const MIN_PACKET_BYTES = MAX_MESSAGE_BYTES + 128;
const RIGHTS =
  'Give this user read and write on fw/v1/# (Mosquitto: `topic readwrite fw/v1/#`; `fleetwave mosquitto-files` does).';

/** Never throws; takes at most 5 s. */
export async function probeMqtt(settings: MqttSettings): Promise<Finding[]> {
  try {
    addressOf(settings);
  } catch (error) {
    if (!(error instanceof MqttSettingError)) throw error;
    return [bad('MQTT settings', error.message, 'Correct the setting.')];
  }
  const id = `Probe${randomBytes(8).toString('hex')}`;
  const dialing = createDialer(settings)({ clientId: id, session_s: 0 });
  let connection: MqttConnection;
  try {
    connection = await withinTime(dialing, CONNECT_MS);
  } catch (error) {
    dialing.then(({ destroy }) => destroy()).catch(() => undefined);
    return [
      bad(
        'MQTT broker',
        `${shown(settings)}: ${(error as Error).message}`,
        'Start it, or correct address, user, password and certificates of FLEETWAVE_MQTT.',
      ),
    ];
  }
  // Side by side: each has a topic of its own.
  const checks = [feedbackWay, vehicleWay, retaining, sharing].map((check) => check(connection, id));
  try {
    const found = await withinTime(Promise.all(checks), CHECKS_MS);
    return [...describe(settings, connection), ...found];
  } catch (error) {
    const silent = bad('MQTT round trip', (error as Error).message, 'See the log of the broker.');
    return [...describe(settings, connection), silent];
  } finally {
    connection.destroy();
  }
}

function describe(settings: MqttSettings, { protocolVersion, limits }: MqttConnection): Finding[] {
  const version = protocolVersion === 5 ? '5' : '3.1.1';
  const packet = limits.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  const found = [good('MQTT broker', `${shown(settings)} speaks MQTT ${version}`)];
  if (packet < MIN_PACKET_BYTES)
    found.push(
      bad(
        'MQTT packet size',
        `the broker takes packets up to ${packet} bytes`,
        `Raise its limit to ${MIN_PACKET_BYTES} (Mosquitto: max_packet_size): messages have up to 64 KiB.`,
      ),
    );
  else
    found.push(good('MQTT packet size', Number.isFinite(packet) ? `up to ${packet} bytes` : 'no limit told'));
  if (limits.maximumQoS === 0)
    found.push(bad('MQTT QoS', 'the broker has QoS 0 only', 'Use a broker with QoS 1.'));
  return found;
}

/** Presence that can't be read is counted by whoever reads presence, and goes no further. */
async function feedbackWay({ client }: MqttConnection, id: string): Promise<Finding> {
  const arrived = await roundTrip(client, topicOf(id, 'presence'), topicOf(id, 'presence'));
  return rights('MQTT rights from vehicles', arrived);
}

async function vehicleWay({ client }: MqttConnection, id: string): Promise<Finding> {
  const arrived = await roundTrip(client, topicOf(id, 'receipt'), topicOf(id, 'receipt'));
  return rights('MQTT rights to vehicles', arrived);
}

const rights = (check: string, arrived: boolean): Finding =>
  arrived
    ? good(check, 'what is published arrives')
    : bad(check, 'what is published does not arrive (a forbidden subscription is often granted)', RIGHTS);

/** A retained message of a vehicle that can't exist, taken back at once. */
async function retaining({ client, limits }: MqttConnection, id: string): Promise<Finding> {
  const topic = topicOf(id, 'update');
  const check = 'MQTT retained messages';
  const advice = 'Allow retained messages (Mosquitto: retain_available): by them a vehicle finds its offer.';
  if (limits.retainAvailable === false) return bad(check, 'the broker keeps none', advice);
  await publish(client, topic, '{"v":1,"offers":[]}', true);
  const kept = await arrival(client, topic, async () => {
    await client.subscribeAsync(topic, { qos: 1 });
  });
  await publish(client, topic, '', true);
  return kept ? good(check, 'are kept') : bad(check, 'one was not kept', advice);
}

async function sharing(connection: MqttConnection, id: string): Promise<Finding> {
  const check = 'MQTT shared subscriptions';
  if (!canShare(connection))
    return good(check, 'not available: one connection of one process receives everything');
  const topic = topicOf(id, 'grant');
  const arrived = await roundTrip(connection.client, topic, `$share/${id}/${topic}`);
  if (arrived) return good(check, 'available');
  const advice = 'Allow them for this user, or use a broker of MQTT 3.1.1.';
  return bad(check, 'what is published does not arrive over one', advice);
}

async function roundTrip(client: MqttClient, topic: string, filter: string): Promise<boolean> {
  return arrival(client, topic, async () => {
    await client.subscribeAsync(filter, { qos: 1 });
    await publish(client, topic, '{"v":1,"state":"probe"}', false);
  });
}

/** Whether a message on the topic comes after what is done. */
async function arrival(client: MqttClient, topic: string, act: () => Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const listener = (on: string): void => {
    if (on === topic) resolve(true);
  };
  client.on('message', listener);
  const late = setTimeout(resolve, STEP_MS, false);
  try {
    await act();
    return await promise;
  } catch {
    return false;
  } finally {
    clearTimeout(late);
    client.off('message', listener);
  }
}

/** A broker may refuse a message (MQTT 5) or keep quiet about it; what counts is what arrives. */
const publish = (client: MqttClient, topic: string, text: string, retain: boolean): Promise<unknown> =>
  client.publishAsync(topic, text, { qos: 1, retain }).catch(() => undefined);

async function withinTime<T>(work: Promise<T>, within_ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const bound = setTimeout(() => reject(new Error(`no answer within ${within_ms} ms`)), within_ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(bound);
  }
}

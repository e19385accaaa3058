/**
 * Vehicles that publish with QoS 1 as fast as they are acknowledged: plain sockets and packets made beforehand,
 * on a thread of their own, so that the load costs as little as possible.
 */
import { connect as tcpConnect } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import mqttPacket from 'mqtt-packet';

export interface PublishLoad {
  readonly port: number;
  readonly vehicles: readonly {
    readonly vehicleId: string;
    readonly password: string;
    /** In their order. */
    readonly messages: readonly string[];
  }[];
  /** Messages of one vehicle that wait for their acknowledgement. */
  readonly window: number;
}

export interface PublishResult {
  readonly messages: number;
  /** From the first PUBLISH to the last PUBACK; connecting is not in it. */
  readonly seconds: number;
}

/** Runs a load on a thread of its own. */
export function publishAll(load: PublishLoad): Promise<PublishResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const PUBACK = 4;

/** Counts the acknowledgements in a stream of MQTT frames; whatever else comes is skipped. */
function acknowledgements(): (chunk: Buffer) => number {
  let [type, length, shift, body] = [0, 0, 0, 0];
  return (chunk) => {
    let count = 0;
    for (let at = 0; at < chunk.length; ) {
      if (body > 0) {
        const step = Math.min(body, chunk.length - at);
        body -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (type === 0) type = byte >> 4;
      else {
        length += (byte & 0x7f) << shift;
        shift += 7;
        if ((byte & 0x80) !== 0) continue;
        if (type === PUBACK) count++;
        [type, body, length, shift] = [0, length, 0, 0];
      }
    }
    return count;
  };
}

function packetsOf({ vehicleId, password, messages }: PublishLoad['vehicles'][number]) {
  const hello = mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
    clientId: vehicleId,
    username: vehicleId,
    password: Buffer.from(password),
  });
  const subscribe = mqttPacket.generate({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: ['receipt', 'grant'].map((name) => ({
      topic: `fw/v1/${vehicleId}/${name}`,
      qos: 1 as const,
    })),
  });
  const publishes = messages.map((payload, i) =>
    mqttPacket.generate({
      cmd: 'publish',
      topic: `fw/v1/${vehicleId}/feedback`,
      payload,
      qos: 1,
      messageId: (i % 65_535) + 1,
      dup: false,
      retain: false,
    }),
  );
  return { hello, subscribe, publishes };
}

/** Connects and subscribes; the function it gives publishes everything and resolves with the last PUBACK. */
async function connectVehicle(
  load: PublishLoad,
  vehicle: PublishLoad['vehicles'][number],
): Promise<() => Promise<void>> {
  const { hello, subscribe, publishes } = packetsOf(vehicle);
  const socket = tcpConnect({ port: load.port, host: '127.0.0.1', noDelay: true });
  const failed = new Promise<never>((_, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${vehicle.vehicleId} was disconnected`)));
  });
  const answer = (): Promise<unknown> => new Promise((resolve) => socket.once('data', resolve));
  for (const packet of [hello, subscribe]) {
    socket.write(packet);
    await Promise.race([failed, answer()]);
  }
  return async () => {
    let sent = 0;
    const send = (count: number): void => {
      const batch = publishes.slice(sent, sent + count);
      sent += batch.length;
      if (batch.length > 0) socket.write(Buffer.concat(batch));
    };
    const finished = new Promise<void>((resolve) => {
      const count = acknowledgements();
      let acknowledged = 0;
      socket.on('data', (chunk) => {
        const more = count(chunk);
        acknowledged += more;
        if (acknowledged === publishes.length) resolve();
        else if (more > 0) send(more);
      });
    });
    send(load.window);
    await Promise.race([failed, finished]);
  };
}

/** So many connect at a time: the queue of a listening socket has an end. */
const CONNECT_AT_ONCE = 200;

async function main(load: PublishLoad): Promise<PublishResult> {
  const runs: (() => Promise<void>)[] = [];
  for (let at = 0; at < load.vehicles.length; at += CONNECT_AT_ONCE)
    runs.push(
      ...(await Promise.all(
        load.vehicles.slice(at, at + CONNECT_AT_ONCE).map((vehicle) => connectVehicle(load, vehicle)),
      )),
    );
  const started = performance.now();
  await Promise.all(runs.map((run) => run()));
  const messages = load.vehicles.reduce((sum, vehicle) => sum + vehicle.messages.length, 0);
  return { messages, seconds: (performance.now() - started) / 1000 };
}

if (!isMainThread) {
  parentPort?.postMessage(await main(workerData as PublishLoad));
  // Connections are ended all at once, when the time has been taken.
  process.exit(0);
}

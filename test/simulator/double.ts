/** A stand-in for the server that speaks the vehicle protocol: broker, content and public keys, and no memory. */
import { createCipheriv, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { canonicalJson } from '../../src/protocol/canonical.ts';
import { CHUNK_BYTES, nonceOf } from '../../src/protocol/content-format.ts';
import {
  type Feedback,
  feedback,
  type Grant,
  type Inventory,
  inventory,
  type Manifest,
  type Offer,
} from '../../src/protocol/messages.ts';
import { parseTopic, topicOf } from '../../src/protocol/topics.ts';

export const CAMPAIGN = 'spring-2026';
const FILE_ID = '018f0000-0000-7000-8000-00000000000f';
const TOKEN = 'token';

export interface Heard {
  readonly vehicleId: string;
  readonly message: Feedback | Inventory;
}

interface Assignment {
  offer: number;
  attempt: number;
  open: boolean;
  granted: boolean;
}

export interface DoubleOptions {
  readonly maxAttempts?: number;
  readonly artifact?: Partial<Manifest>;
  /** Whether the nth message heard is receipted. */
  readonly receipts?: (count: number) => boolean;
  readonly grants?: boolean;
  readonly password?: string;
  readonly consentTextKey?: string;
  readonly forged?: boolean;
}

export interface Double {
  readonly server: string;
  readonly mqtt: string;
  readonly heard: Heard[];
  readonly ranges: string[];
  readonly manifest: Manifest;
  readonly connections: { now: number; most: number };
  /** Publishes to a vehicle whatever a test likes. */
  tell(vehicleId: string, name: 'update' | 'grant' | 'receipt', message: unknown): void;
  offerOf(vehicleId: string): Offer;
  stop(): Promise<void>;
}

function seal(plain: Buffer, key: Buffer): Buffer {
  const chunks = Math.max(1, Math.ceil(plain.length / CHUNK_BYTES));
  return Buffer.concat(
    Array.from({ length: chunks }, (_, i) => {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(i, i === chunks - 1));
      cipher.setAAD(Buffer.from(FILE_ID));
      const part = plain.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
      return Buffer.concat([cipher.update(part), cipher.final(), cipher.getAuthTag()]);
    }),
  );
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export async function startDouble(options: DoubleOptions = {}): Promise<Double> {
  const plain = randomBytes(150_000);
  const key = randomBytes(32);
  const sealed = seal(plain, key);
  const manifest: Manifest = {
    artifactId: 'tcm-firmware@2.0.0',
    kind: 'firmware',
    version: '2.0.0',
    target: { ecuType: 'TCM', component: 'main' },
    files: [{ name: 'image.bin', size: plain.length, sha256: sha256(plain) }],
    requirements: { hardware: [{ part: 'TCM-100', versions: null }] },
    ...options.artifact,
  };
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signed = options.forged === true ? 'something else' : canonicalJson(manifest);
  const signature = sign(null, Buffer.from(signed), privateKey).toString('base64');
  const keys = [{ keyId: 'k1', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }];
  const assignments = new Map<string, Assignment>();
  const heard: Heard[] = [];
  const ranges: string[] = [];
  const connections = { now: 0, most: 0 };

  const http = createHttpServer((request, response) => {
    if (request.url === '/v1/keys') return response.end(JSON.stringify({ keys }));
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return response.writeHead(401).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    ranges.push(`${from}`);
    const length = sealed.length - from;
    const range = { 'content-range': `bytes ${from}-${sealed.length - 1}/${sealed.length}` };
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': length, ...(from === 0 ? {} : range) });
    return response.end(sealed.subarray(from));
  });
  const server = `http://127.0.0.1:${await listen(http)}`;

  const assignment = (vehicleId: string): Assignment => {
    const known = assignments.get(vehicleId) ?? { offer: 1, attempt: 1, open: true, granted: false };
    assignments.set(vehicleId, known);
    return known;
  };
  const offerOf = (vehicleId: string): Offer => {
    const { offer, attempt } = assignment(vehicleId);
    return {
      campaignId: CAMPAIGN,
      offer,
      attempt,
      artifacts: [{ manifest, signatures: [{ keyId: 'k1', alg: 'ed25519', value: signature }] }],
      window: null,
      validUntil: '2099-01-01T00:00:00.000Z',
      preconditions: [],
      consentTextKey: options.consentTextKey ?? null,
    };
  };
  const grantOf = (vehicleId: string): Grant => ({
    v: 1,
    campaignId: CAMPAIGN,
    offer: assignment(vehicleId).offer,
    attempt: assignment(vehicleId).attempt,
    token: TOKEN,
    expiresAt: '2099-01-01T00:00:00.000Z',
    contentBase: server,
    files: [
      {
        artifactId: manifest.artifactId,
        name: 'image.bin',
        fileId: FILE_ID,
        key: key.toString('base64'),
        ciphertext: { sha256: sha256(sealed), size: sealed.length },
      },
    ],
  });

  const broker = await Aedes.createBroker({
    authenticate: (_client, _user, password, done) =>
      done(null, password?.toString() === (options.password ?? 'secret')),
  });
  const tell: Double['tell'] = (vehicleId, name, message) =>
    broker.publish(
      {
        cmd: 'publish',
        topic: topicOf(vehicleId, name),
        payload: Buffer.from(JSON.stringify(message)),
        qos: 1,
        retain: false,
        dup: false,
      },
      () => undefined,
    );
  const render = (vehicleId: string): void => {
    const state = assignment(vehicleId);
    tell(vehicleId, 'update', { v: 1, offers: state.open ? [offerOf(vehicleId)] : [] });
    tell(vehicleId, 'grant', { v: 1, grants: state.open && state.granted ? [grantOf(vehicleId)] : [] });
  };
  const act = (vehicleId: string, message: Feedback): void => {
    const state = assignment(vehicleId);
    if (message.offer !== state.offer || !state.open) return;
    if (message.kind === 'accepted') state.granted = options.grants ?? true;
    else if (message.kind === 'succeeded' || message.kind === 'declined') state.open = false;
    else if (message.kind === 'failed' || message.kind === 'postponed') {
      if (message.kind === 'failed') state.attempt++;
      state.offer++;
      state.granted = false;
      state.open = state.attempt <= (options.maxAttempts ?? 2);
    } else return;
    render(vehicleId);
  };
  broker.on('client', () => {
    connections.now++;
    connections.most = Math.max(connections.most, connections.now);
  });
  broker.on('clientDisconnect', () => connections.now--);
  broker.on('subscribe', (_topics, client) => render(client.id));
  broker.on('publish', (packet, client) => {
    const topic = parseTopic(packet.topic);
    if (client === null || topic === null || topic.name === 'presence') return;
    const { vehicleId } = topic;
    const raw: unknown = JSON.parse(packet.payload.toString());
    const message = topic.name === 'inventory' ? inventory.parse(raw) : feedback.parse(raw);
    heard.push({ vehicleId, message });
    if (options.receipts?.(heard.length) ?? true)
      tell(vehicleId, 'receipt', { v: 1, epoch: message.epoch, seqs: [[message.seq, message.seq]] });
    if ('kind' in message) act(vehicleId, message);
  });
  const tcp = createServer(broker.handle);
  const mqtt = `mqtt://127.0.0.1:${await listen(tcp)}`;
  return {
    server,
    mqtt,
    heard,
    ranges,
    manifest,
    connections,
    tell,
    offerOf,
    async stop() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      tcp.close();
      http.closeAllConnections();
      http.close();
    },
  };
}

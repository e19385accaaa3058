/**
 * Load over keep-alive connections, one request under way on each, in a thread of its own. It writes prepared
 * bytes and reads no more of an answer than status and length, so that it costs little beside the server.
 */
import { connect, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Load {
  readonly port: number;
  readonly method: string;
  /** `{n}` in path and body becomes the number of the request, 14 digits. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly requests: number;
  /** Number of the first request. */
  readonly first: number;
}

export interface LoadResult {
  readonly seconds: number;
  /** Milliseconds, of all requests. */
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** @throws Error when a request is answered with another status than 2xx, or a connection breaks. */
export function runLoad(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function requestOf(load: Load, n: number): string {
  const number = String(n).padStart(14, '0');
  const body = load.body.replaceAll('{n}', number);
  const headers = { ...load.headers, Host: 'localhost', 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${load.method} ${load.path.replaceAll('{n}', number)} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** The length of the one whole answer in the text, or null while it is not complete. */
function answered(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1]);
  if (Number.isNaN(length)) throw new Error(`an answer without length: ${text.slice(0, 200)}`);
  return Buffer.byteLength(text) >= end + 4 + length;
}

function work(load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  const run = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let [sentAt, text] = [0, ''];
      const send = () => {
        if (next >= load.requests) {
          socket.end();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(requestOf(load, load.first + next++));
      };
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (!answered(text)) return;
        if (!text.startsWith('HTTP/1.1 2')) reject(new Error(text));
        latencies.push(performance.now() - sentAt);
        text = '';
        send();
      });
      socket.on('connect', send);
    });
  const started = performance.now();
  const sockets = Array.from({ length: load.connections }, () =>
    connect(load.port, '127.0.0.1').setNoDelay(),
  );
  return Promise.all(sockets.map(run)).then(() => {
    const seconds = (performance.now() - started) / 1000;
    const sorted = Float64Array.from(latencies).sort();
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { seconds, p50_ms: at(0.5), p99_ms: at(0.99) };
  });
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(await work(workerData as Load));

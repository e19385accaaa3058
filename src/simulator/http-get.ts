/** GET over HTTP or HTTPS, following redirects without telling the token to anyone else. */
import { get as getHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { get as getHttps, Agent as HttpsAgent } from 'node:https';

/** Connections that are kept for the next request. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  destroy(): void;
}

export interface Wish {
  readonly url: string;
  readonly token: string;
  /** First byte wanted. */
  readonly from: number;
}

export interface Answer {
  readonly response: IncomingMessage;
  /** It comes from where another server has sent us: what it refuses is its link, not our token. */
  readonly redirected: boolean;
}

const MAX_REDIRECTS = 3;
const IDLE_TIMEOUT_MS = 20_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** @param sockets at most, to one server. */
export function createAgents(sockets: number): Agents {
  const options = { keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  return {
    ...agents,
    destroy() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** @throws Error when nothing comes, or there is no end of redirects. */
export async function getFrom(wish: Wish, agents: Agents, signal: AbortSignal): Promise<Answer> {
  const home = new URL(wish.url);
  const range: Record<string, string> = wish.from > 0 ? { range: `bytes=${wish.from}-` } : {};
  let url = home;
  for (let redirects = 0; ; redirects++) {
    const headers = url.origin === home.origin ? { ...range, authorization: `Bearer ${wish.token}` } : range;
    const response = await request(url, headers, agents, signal);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined)
      return { response, redirected: redirects > 0 };
    response.resume();
    if (redirects === MAX_REDIRECTS) throw new Error(`${home.origin} redirects more than ${redirects} times`);
    url = new URL(location, url);
  }
}

const request = (
  url: URL,
  headers: Record<string, string>,
  agents: Agents,
  signal: AbortSignal,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const options = { headers, timeout: IDLE_TIMEOUT_MS };
    const sent =
      url.protocol === 'https:'
        ? getHttps(url, { ...options, agent: agents.https }, resolve)
        : getHttp(url, { ...options, agent: agents.http }, resolve);
    // Not `signal` in the options: it destroys a finished request with an error that nobody listens to.
    const abort = (): void => void sent.destroy();
    signal.addEventListener('abort', abort, { once: true });
    sent.on('close', () => signal.removeEventListener('abort', abort));
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${IDLE_TIMEOUT_MS} ms`)));
    sent.on('error', reject);
  });

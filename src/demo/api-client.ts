/** The demo's way to the server: its public HTTP API, as different persons. */
import { randomUUID } from 'node:crypto';
import { ToldError } from '../simulator/told-error.ts';

/** What the server refused, in its own words. */
export class ApiError extends ToldError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Position of the last event written; empty when none was. */
  readonly position: string;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly raw?: { readonly bytes: Uint8Array | string; readonly headers: Record<string, string> };
  /** Read what was written up to here. */
  readonly minPosition?: string;
}

export interface ApiClient {
  /** @throws ApiError for anything but 2xx; busy answers (429, 503) and broken connections are tried again a few times. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** The body as it streams. @throws ApiError */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
}

const BUSY = [429, 503];
const MAX_TRIES = 8;
const DEFAULT_PAUSE_MS = 500;

export function createApiClient(url: string, key: string): ApiClient {
  const send = async (method: string, path: string, options: RequestOptions): Promise<Response> => {
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, ...options.raw?.headers };
    if (options.minPosition !== undefined) headers['fleetwave-min-position'] = options.minPosition;
    if (method !== 'GET') headers['idempotency-key'] = randomUUID();
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const body = options.raw?.bytes ?? (options.body === undefined ? null : JSON.stringify(options.body));
    const init = { method, headers, body: body as RequestInit['body'] & (string | Uint8Array | null) };
    for (let tries = 1; ; tries++) {
      const response = await attempt(url + path, init, tries);
      if (response?.ok === true) return response;
      if (response !== null) {
        if (!BUSY.includes(response.status) || tries === MAX_TRIES)
          throw await toError(response, method, path);
        await response.body?.cancel();
      }
      const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN);
      const pause_ms = Number.isFinite(seconds) ? seconds * 1000 : DEFAULT_PAUSE_MS;
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  };
  return {
    async request(method, path, options = {}) {
      const response = await send(method, path, options);
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
      const body: unknown = isJson ? JSON.parse(text) : text;
      return { status: response.status, body, position: response.headers.get('fleetwave-position') ?? '' };
    },
    async stream(path) {
      const { body } = await send('GET', path, {});
      if (body === null) throw new ApiError(200, `GET ${path} answered without a body`);
      return body;
    },
  };
}

/** Null for a connection that broke: the request may be sent again, because its key makes it count once. */
async function attempt(url: string, init: RequestInit, tries: number): Promise<Response | null> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (tries < MAX_TRIES) return null;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ApiError(0, `${init.method} ${url}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

async function toError(response: Response, method: string, path: string): Promise<ApiError> {
  const text = await response.text();
  let said = text.slice(0, 300);
  try {
    const { detail, title, hint, errors } = JSON.parse(text) as {
      detail?: string;
      title?: string;
      hint?: string;
      errors?: unknown;
    };
    const fields = errors === undefined ? undefined : JSON.stringify(errors);
    said = [detail ?? title, hint, fields].filter((part) => part !== undefined && part !== '').join(' ');
  } catch {
    // Not a problem document: the text itself has to do.
  }
  return new ApiError(response.status, `${method} ${path} answered ${response.status}: ${said}`);
}

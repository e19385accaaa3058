/** Talking to the server: the session's cookie goes along by itself, errors are problem documents (RFC 9457). */

import type { FieldError } from './placed.ts';

interface ProblemBody {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly hint?: string;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
  readonly details?: Readonly<Record<string, unknown>>;
}

const URN = 'urn:fleetwave:problem:';

export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;
  readonly body: ProblemBody;

  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.code = body.type?.startsWith(URN) === true ? body.type.slice(URN.length) : 'unknown';
  }
}

export const isProblem = (error: unknown, code: string): boolean =>
  error instanceof ProblemError && error.code === code;

const READ_AGAIN = 'What is shown is from before. It is tried again by itself.';
const NOT_KNOWN =
  'It is not known whether this was done. Do it again when the server answers: it is done once.';

/** No answer at all: the server is away, or the network is. */
export const unreachable = (hint = READ_AGAIN): ProblemError =>
  new ProblemError(0, {
    type: `${URN}unreachable`,
    title: 'The server does not answer',
    detail: 'The server can not be reached.',
    hint,
  });

/** Position of the last command from this page: what is read next has to show its effect. */
let written: string | null = null;

/** @throws ProblemError for every answer that is none of success, and where there was none. */
export async function answerOf(request: Promise<Response>, awayHint?: string): Promise<Response> {
  let response: Response;
  try {
    response = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable(awayHint);
  }
  if (response.ok) return response;
  throw problemIn(response.status, await response.text());
}

/** What is read from now on has to show the effect of this answer. */
export function noteWritten(position: string | null): void {
  written = position ?? written;
}

/** A problem document as text, or whatever else stands in its place. */
export function problemIn(status: number, text: string): ProblemError {
  try {
    return new ProblemError(status, JSON.parse(text) as ProblemBody);
  } catch {
    return new ProblemError(status, {
      detail: `The server answered ${status} and nothing that can be read.`,
    });
  }
}

/** Bad gateways of a proxy mean the same as no answer. */
export const isAway = (error: unknown): boolean =>
  error instanceof ProblemError && (error.status === 0 || error.status === 502 || error.status === 504);

export const isSignedOut = (error: unknown): boolean => error instanceof ProblemError && error.status === 401;

export async function getResponse(path: string, signal?: AbortSignal): Promise<Response> {
  const headers = written === null ? {} : { 'fleetwave-min-position': written };
  return answerOf(fetch(path, { headers, ...(signal === undefined ? {} : { signal }) }));
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await getResponse(path, signal)).json()) as T;
}

/** A question that is too long for an address. Nothing is written by it. */
export async function ask<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers = {
    'content-type': 'application/json',
    'fleetwave-session': '1',
    ...(written === null ? {} : { 'fleetwave-min-position': written }),
  };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await (await answerOf(fetch(path, signal === undefined ? init : { ...init, signal }))).json()) as T;
}

/** Not `crypto.randomUUID`: browsers have it over TLS and on loopback only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface CommandAnswer {
  readonly id: string;
  readonly revision: number;
  readonly position: string;
  readonly changed: boolean;
}

export interface CommandOptions {
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  /** Revision that the person looked at: refused when it has changed since. */
  readonly revision?: number;
  /** The same for each try of one intention. */
  readonly key: string;
}

/** A command. The key makes a repeat of it harmless. */
export async function command<T = CommandAnswer>(path: string, options: CommandOptions): Promise<T> {
  const { method = 'POST', body = {}, revision, key } = options;
  const response = await answerOf(
    fetch(path, {
      method,
      headers: {
        'content-type': 'application/json',
        'fleetwave-session': '1',
        'idempotency-key': key,
        ...(revision === undefined ? {} : { 'if-match': `"${revision}"` }),
      },
      ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
    }),
    NOT_KNOWN,
  );
  noteWritten(response.headers.get('fleetwave-position'));
  return (await response.json()) as T;
}

/** Exchanges an API key for the session's cookie; the key is kept nowhere. */
export async function signIn(key: string): Promise<void> {
  await answerOf(
    fetch('/v1/session', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    }),
    'Try again in a moment.',
  );
}

export const path = (strings: TemplateStringsArray, ...values: readonly string[]): string =>
  strings.reduce((text, part, i) => text + encodeURIComponent(values[i - 1] ?? '') + part);

/** Query text of what is given. */
export function queryOf(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const given = Object.entries(values).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

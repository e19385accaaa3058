/** Downloads one file over HTTP, going on where it broke off, and proves it against the signed manifest. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant, Manifest } from '../protocol/messages.ts';
import type { ContentOpener } from './content-opener.ts';
import { type Agents, getFrom } from './http-get.ts';
import type { Random } from './random.ts';

export interface Wanted {
  /** As far as the file has come: kept over a restart, so that the next call goes on from there. */
  readonly opener: ContentOpener;
  readonly url: string;
  readonly token: string;
  readonly sealed: Grant['files'][number];
  readonly expected: Manifest['files'][number];
}

/** Everything that goes wrong on purpose. */
export interface DownloadFate {
  /** How often the transfer is broken off. */
  readonly breaksOff: number;
  readonly random: Random;
  /** Called with every piece before it is used: may damage it, or pull the plug. */
  readonly onPiece: (bytes: Buffer) => void;
}

export type DownloadResult =
  | { readonly ok: true }
  /** `digest` = not what was signed; `refused` = the server does not take the token; `unreachable` = given up. */
  | { readonly ok: false; readonly code: 'digest' | 'refused' | 'unreachable'; readonly detail: string };

const MAX_TRIES = 14;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 8000;

class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}
class Damaged extends Error {
  override readonly name = 'Damaged';
}

/** @throws AbortError when `signal` is aborted; anything else is in the result. */
export async function download(
  wanted: Wanted,
  fate: DownloadFate,
  agents: Agents,
  signal: AbortSignal,
): Promise<DownloadResult> {
  const { opener, sealed, expected } = wanted;
  const breaks = plannedBreaks(fate, sealed.ciphertext.size);
  let failures = 0;
  while (opener.received < sealed.ciphertext.size) {
    const before = opener.received;
    try {
      const refusal = await transfer(wanted, breaks, fate.onPiece, agents, signal);
      if (refusal !== null) return { ok: false, code: 'refused', detail: refusal };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Damaged) return { ok: false, code: 'digest', detail: error.message };
      if (opener.received > before) failures = 0;
      if (error instanceof BrokenOff) continue;
      failures++;
      if (failures >= MAX_TRIES) return { ok: false, code: 'unreachable', detail: messageOf(error) };
      await sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), undefined, { signal });
    }
  }
  return judge(opener, expected);
}

function judge(opener: ContentOpener, expected: Wanted['expected']): DownloadResult {
  const { sha256, size } = opener.finish();
  if (sha256 === expected.sha256 && size === expected.size) return { ok: true };
  return {
    ok: false,
    code: 'digest',
    detail: `${expected.name} has digest ${sha256}, signed is ${expected.sha256}`,
  };
}

/** Offsets, falling, so that the next one is popped off the end. */
function plannedBreaks(fate: DownloadFate, size: number): number[] {
  const offsets = Array.from({ length: fate.breaksOff }, () => Math.floor(fate.random() * size));
  return offsets.sort((a, b) => b - a);
}

/** One request, from where the file stands. @returns why the server refused, or null when the body has ended. */
async function transfer(
  wanted: Wanted,
  breaks: number[],
  onPiece: DownloadFate['onPiece'],
  agents: Agents,
  signal: AbortSignal,
): Promise<string | null> {
  const { opener } = wanted;
  const from = opener.received;
  const { response, redirected } = await getFrom(
    { url: wanted.url, token: wanted.token, from },
    agents,
    signal,
  );
  const status = response.statusCode ?? 0;
  // The store's refusal may be of an old link, and the next try gets a new one.
  if (!redirected && (status === 401 || status === 403 || status === 404)) {
    response.resume();
    return `HTTP ${status}`;
  }
  const whole = status === 200 && from === 0;
  const rest = status === 206 && response.headers['content-range']?.startsWith(`bytes ${from}-`) === true;
  if (!whole && !rest) {
    response.destroy();
    throw new Error(`HTTP ${status} to a request from byte ${from}`);
  }
  for await (const piece of response as AsyncIterable<Buffer>) {
    onPiece(piece);
    try {
      opener.push(piece);
    } catch (error) {
      throw new Damaged(`${wanted.expected.name}: ${messageOf(error)}`);
    }
    const next = breaks.at(-1);
    if (next !== undefined && opener.received > next) {
      while ((breaks.at(-1) ?? Number.POSITIVE_INFINITY) < opener.received) breaks.pop();
      throw new BrokenOff('broken off on purpose');
    }
  }
  if (opener.received < wanted.sealed.ciphertext.size) throw new Error('the body ended early');
  return null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

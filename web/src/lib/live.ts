/** Server-sent events, read from a fetch: unlike EventSource it shows heartbeats, so that a dead line is noticed. */
import { useEffect, useRef, useState } from 'react';
import { isAway, ProblemError } from './api.ts';

export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'refused';

export interface Live<T> {
  readonly state: LiveState;
  readonly data: T | null;
  /** When the last frame or heartbeat came, milliseconds since 1970; 0 = never. */
  readonly heardAt: number;
  readonly error: ProblemError | null;
}

/** The server sends a heartbeat each 15 s. */
const SILENT_MS = 40_000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000] as const;
/** Frames may come ten times a second; a person reads fewer. */
const PAINT_MS = 250;

interface Handlers {
  readonly onFrame: (data: string, id: string) => void;
  readonly onHeard: () => void;
}

/** Reads one connection to its end. @throws ProblemError when it is refused, DOMException when it is aborted. */
async function readStream(url: string, lastId: string, signal: AbortSignal, on: Handlers): Promise<void> {
  const headers = lastId === '' ? {} : { 'last-event-id': lastId };
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal });
  if (!response.ok || response.body === null)
    throw new ProblemError(response.status, (await response.json().catch(() => ({}))) as object);
  on.onHeard();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    on.onHeard();
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? '';
      if (field('data') !== '') on.onFrame(field('data'), field('id'));
    }
  }
}

/** Too many, too slow and signed out can be other things a moment later. */
const PASSING = [401, 408, 429];
const isFinal = (error: unknown): boolean =>
  error instanceof ProblemError && !isAway(error) && error.status < 500 && !PASSING.includes(error.status);

const FRESH = { state: 'connecting', data: null, heardAt: 0, error: null } as const;

export function useLive<T>(url: string): Live<T> {
  const [live, setLive] = useState<Live<T>>(FRESH);
  const heard = useRef(0);
  useEffect(() => {
    setLive(FRESH);
    return follow<T>(url, setLive, heard);
  }, [url]);
  return live;
}

/** Connects again and again until it is stopped. At most one frame waits to be painted: the newest. */
function follow<T>(
  url: string,
  setLive: (change: (before: Live<T>) => Live<T>) => void,
  heard: { current: number },
): () => void {
  const ending = new AbortController();
  let connection = new AbortController();
  let waiting: string | null = null;
  let lastId = '';
  let tries = 0;
  const set = (change: Partial<Live<T>>): void => setLive((before) => ({ ...before, ...change }));
  const paint = (): void => {
    if (waiting === null) return;
    const data = JSON.parse(waiting) as T;
    waiting = null;
    set({ state: 'live', data, heardAt: heard.current, error: null });
  };
  const painter = setInterval(paint, PAINT_MS);
  const watchdog = setInterval(() => {
    if (heard.current === 0 || Date.now() - heard.current < SILENT_MS) return;
    set({ state: 'stale' });
    connection.abort();
  }, 5000);
  const on: Handlers = {
    onHeard: () => {
      heard.current = Date.now();
      tries = 0;
      setLive((before) => (before.state === 'live' ? before : { ...before, state: 'live', error: null }));
    },
    onFrame: (data, id) => {
      const first = waiting === null && lastId === '';
      waiting = data;
      lastId = id;
      if (first) paint();
    },
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      connection = new AbortController();
      const error = await readStream(
        url,
        lastId,
        AbortSignal.any([ending.signal, connection.signal]),
        on,
      ).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (ending.signal.aborted) return;
      const refused = isFinal(error);
      set({
        state: refused ? 'refused' : 'reconnecting',
        error: error instanceof ProblemError ? error : null,
      });
      if (refused) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]));
    }
  };
  void run();
  return () => {
    ending.abort();
    clearInterval(painter);
    clearInterval(watchdog);
  };
}

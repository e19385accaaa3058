/** Serves the built dashboard, and answers it as a server with one huge campaign would: the page alone is measured. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';

const DIST = join(import.meta.dirname, '../../web/dist');
const PAGE = 500;
const MODELS = Array.from({ length: 12 }, (_, i) => `M${i}`);
const REGIONS = ['DE', 'FR', 'GB', 'US', 'IT', 'ES', 'PL', 'SE'];
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const;

const share = (targets: number, settled: number) => {
  const failed = Math.floor(settled / 40);
  const byPhase = { succeeded: settled - failed, failed, installing: 10, waiting: targets - settled - 10 };
  return { targets, succeeded: settled - failed, failed, pending: targets - settled, byPhase };
};

const gate = { successPercent: 90, failurePercent: 5, soak_s: 0, confirm: false };
const policy = {
  artifacts: ['a@1.0.0'],
  waves: [{ name: 'all', size: { rest: true }, gate }],
  window: null,
  preconditions: [],
};

const campaignOf = (targets: number) => ({
  id: 'huge',
  title: 'Huge',
  purpose: '',
  state: 'running',
  reason: null,
  policy,
  query: 'vehicle==*',
  plan: { status: 'frozen', reason: null, waves: [targets] },
  targets: { targets, incompatible: 0, reasons: [], digest: 'd' },
  releasedWave: 1,
  waves: [{ wave: 1, name: 'all', state: 'released', gate: null, confirmed: false }],
  authors: ['ada'],
  planDigest: null,
  approval: null,
  started: true,
  pause: null,
  createdAt: new Date(0).toISOString(),
  decisions: [],
  revision: 1,
});

function progressOf(targets: number, frame: number) {
  const all = share(targets, Math.min(targets - 10, frame * 90));
  const slices = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, share(Math.floor(targets / names.length), frame)]));
  return {
    campaignId: 'huge',
    state: 'running',
    ...all,
    incompatible: 0,
    excused: 0,
    percent: Math.round((1 - all.pending / targets) * 1000) / 10,
    waves: [{ wave: 1, name: 'all', state: 'released', ...all }],
    attempts: {},
    failureCodes: { 'flash-write-failed': frame },
    byModel: slices(MODELS),
    byRegion: slices(REGIONS),
    byModelRegion: slices(MODELS.flatMap((model) => REGIONS.map((region) => `${model}/${region}`))),
    byHardware: {},
    bySoftwareBefore: {},
  };
}

/** Who is active changes with time. */
function fleetOf(vehicles: number, frame: number) {
  const counts = (names: readonly string[], all: number) =>
    Object.fromEntries(names.map((name) => [name, Math.floor(all / names.length)]));
  const by = (all: number) => ({
    byModel: counts(MODELS, all),
    byRegion: counts(REGIONS, all),
    byAssignment: counts(['none', 'waiting', 'installing', 'succeeded'], all),
  });
  const active = Math.floor(vehicles / 2) + (frame % 1000);
  return {
    vehicles,
    online: active - 100,
    active,
    emergencyStop: { active: false, reason: null, since: null },
    ...by(vehicles),
    activeBy: by(active),
  };
}

function assignments(targets: number, cursor: number) {
  const items = Array.from({ length: Math.min(PAGE, targets - cursor) }, (_, i) => ({
    id: `huge/v${cursor + i}`,
    campaignId: 'huge',
    vehicleId: `VEHICLE${cursor + i}`,
    wave: 1,
    phase: i % 3 === 0 ? 'waiting' : 'succeeded',
    attempt: 1,
    offer: 1,
    outcome: null,
    updatedAt: new Date(0).toISOString(),
  }));
  const next = cursor + PAGE < targets ? String(cursor + PAGE) : null;
  return { items, next };
}

export interface Double {
  readonly url: string;
  /** Frames sent so far. */
  readonly frames: () => number;
  /** Sends a live frame to every page now. */
  send(): void;
  close(): void;
}

function sendFile(path: string, response: ServerResponse): void {
  const name = path.startsWith('/assets/') || path === '/favicon.svg' ? path : '/index.html';
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES];
  response.writeHead(200, { 'content-type': type, 'content-encoding': 'br' });
  response.end(readFileSync(join(DIST, `${name}.br`)));
}

/** @param everyMs time between two live frames, milliseconds; null = only when told to. */
export async function startDouble(targets: number, everyMs: number | null): Promise<Double> {
  let frame = 0;
  const watching = new Set<ServerResponse>();
  const send = (): void => {
    frame++;
    const text = `id: ${frame}\nevent: progress\ndata: ${JSON.stringify(progressOf(targets, frame))}\n\n`;
    for (const response of watching) response.write(text);
  };
  const timer = everyMs === null ? undefined : setInterval(send, everyMs);
  const live = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    watching.add(response);
    response.on('close', () => watching.delete(response));
  };
  const answers = (url: URL): unknown => {
    if (url.pathname === '/v1/session') return { person: 'oda', roles: ['operator'], expiresAt: null };
    if (url.pathname.endsWith('/assignments'))
      return assignments(targets, Number(url.searchParams.get('cursor')));
    if (url.pathname.endsWith('/series')) return { from: '', to: '', step_ms: 0, points: [] };
    if (url.pathname === '/v1/campaigns/huge') return campaignOf(targets);
    if (url.pathname === '/v1/campaigns') return { items: [campaignOf(targets)], next: null };
    if (url.pathname.endsWith('/progress')) return progressOf(targets, frame);
    if (url.pathname === '/v1/fleet/status') return fleetOf(targets, frame);
    return { items: [], next: null };
  };
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/v1/')) return sendFile(url.pathname, response);
    if (url.pathname.endsWith('/live')) return live(response);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answers(url)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    frames: () => frame,
    send,
    close: () => {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}

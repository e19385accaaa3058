/** A caching proxy in front of an origin: the system's nginx, or Debian's, unpacked beside it and not installed. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { engineCache, fillOnce } from '../../scripts/engines/cache.ts';
import { rememberedPort } from '../../scripts/engines/ports.ts';
import { launch } from '../../scripts/engines/process.ts';
import { run } from '../../scripts/engines/run.ts';

export interface CachingProxy {
  /** Without a slash at the end. */
  readonly url: string;
  /** How often each answer came from the origin (MISS), the cache (HIT), …, by what nginx has logged. */
  statuses(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export interface CachingProxyOptions {
  readonly directory: string;
  /** Port of the origin on loopback. */
  readonly origin: number;
  /** Fetches and keeps content in slices of so many bytes; left out: whole. */
  readonly slice?: number;
  /** What tells one content from another; default: the path, so that neither token nor query do. */
  readonly key?: string;
}

const ELSEWHERE = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'];
const unpacked = (): string => engineCache('nginx-debian');

export async function startCachingProxy(options: CachingProxyOptions): Promise<CachingProxy> {
  const { directory } = options;
  const program = await findNginx();
  const port = await rememberedPort(directory);
  for (const folder of ['cache', 'temporary']) mkdirSync(join(directory, folder), { recursive: true });
  const log = join(directory, 'access.log');
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(directory, 'nginx.conf'), configuration(options, port));
  const process_ = await launch({
    name: 'nginx',
    directory,
    command: program,
    args: ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'],
    probe: () => fetch(`${url}/up`),
  });
  return {
    url,
    stop: process_.stop,
    statuses: () => {
      const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
      return Object.fromEntries(
        Map.groupBy(lines, (line) => line)
          .entries()
          .map(([key, all]) => [key, all.length]),
      );
    },
  };
}

/** `Range` goes to the origin only for slices; without them nginx fetches the whole and cuts ranges out itself. */
const configuration = (
  { origin, slice, key = '$uri' }: CachingProxyOptions,
  port: number,
): string => `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
  log_format cached '$upstream_cache_status';
  access_log off;
  client_body_temp_path temporary/body;
  proxy_temp_path temporary/proxy;
  fastcgi_temp_path temporary/fastcgi;
  uwsgi_temp_path temporary/uwsgi;
  scgi_temp_path temporary/scgi;
  proxy_cache_path cache keys_zone=content:10m max_size=1g use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location = /up { return 204; }
    location / {
      access_log access.log cached;
      proxy_pass http://127.0.0.1:${origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_cache content;
      proxy_cache_lock on;
      proxy_cache_lock_age 1m;
      proxy_cache_lock_timeout 1m;
      ${
        slice === undefined
          ? `proxy_cache_key ${key};`
          : `slice ${slice}; proxy_cache_key ${key}$slice_range; proxy_set_header Range $slice_range;`
      }
    }
  }
}
`;

async function findNginx(): Promise<string> {
  const own = join(unpacked(), 'usr/sbin/nginx');
  const found = ['nginx', ...ELSEWHERE, own].find((program) => spawnSync(program, ['-v']).status === 0);
  if (found !== undefined) return found;
  await fillOnce(unpacked(), unpackDebian);
  if (spawnSync(own, ['-v']).status !== 0) throw new Error(`${own} does not run here: install nginx.`);
  return own;
}

/** As any user, and without the service that installing it would start. */
async function unpackDebian(scratch: string): Promise<void> {
  const missing =
    'There is no nginx: install it (`sudo apt-get install nginx-light`, or `brew install nginx`).';
  const download = mkdtempSync(`${scratch}-download-`);
  try {
    const fetchPackage = () => run('apt-get', ['download', 'nginx'], { cwd: download, missing });
    await fetchPackage().catch(async () => {
      // A new machine has no list of packages yet, or an old one.
      await run('apt-get', ['update'], { missing });
      await fetchPackage();
    });
    for (const file of readdirSync(download))
      await run('dpkg', ['-x', join(download, file), scratch], { missing });
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
  if (!existsSync(join(scratch, 'usr/sbin/nginx'))) throw new Error(missing);
}

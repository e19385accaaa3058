/** Where an engine listens, from what its setting takes. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @throws Error when the url names no loopback address with a port: no engine of ours is elsewhere. */
export function addressOf(url: string): Address {
  const [, host, port] = /(127\.0\.0\.1|localhost):(\d+)/.exec(decodeURIComponent(url)) ?? [];
  if (host === undefined) throw new Error('The engine is at no loopback address.');
  return { host, port: Number(port) };
}

/** Options of `fleetwave simulate`. */
import { readFileSync } from 'node:fs';
import { type Rates, ROUGH } from './fate.ts';
import { ToldError } from './told-error.ts';

/** As commander's `Option` takes them; `parse` throws an Error with a sentence for the user. */
export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly fallback?: unknown;
  readonly parse?: (text: string) => unknown;
}

export interface SimulatorOptions {
  /** Address of the HTTP API. */
  readonly server?: string | undefined;
  /** Address of the MQTT broker; without it the server's host and port 7401. */
  readonly mqtt?: string | undefined;
  /** File with the authority that vouches for the broker (PEM), for `mqtts:`. */
  readonly mqttCa?: string | undefined;
  /** API key; needed without `fleet`. */
  readonly key?: string | undefined;
  readonly vehicles?: number | undefined;
  /** File with the vehicles and their credentials. */
  readonly fleet?: string | undefined;
  readonly ledger?: string | undefined;
  readonly seed?: number | undefined;
  readonly failRate?: number | undefined;
  readonly declineRate?: number | undefined;
  /** Factor on everything else that goes wrong; 0 = calm. */
  readonly roughness?: number | undefined;
  readonly connections?: number | undefined;
  readonly resendAfterMs?: number | undefined;
  readonly graceMs?: number | undefined;
  readonly sabotage?: string | undefined;
  readonly quiet?: boolean | undefined;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  /** Left out = not encrypted. Without `ca`, the authorities that Node knows. */
  readonly tls?: { readonly ca?: string };
}

export interface CheckedOptions {
  readonly server: string;
  readonly broker: Broker;
  readonly key: string | null;
  readonly vehicles: number;
  readonly fleet: string | null;
  readonly ledger: string | null;
  readonly seed: number;
  readonly rates: Rates;
  readonly connections: number;
  readonly resendAfter_ms: number;
  readonly grace_ms: number;
  readonly install_ms: readonly [number, number];
  readonly sabotage: 'flip' | 'late-trigger' | null;
  readonly quiet: boolean;
}

const DEFAULT_MQTT_PORT = 7401;
/** Each costs the broker some 20 KB; the others have to connect anew to see what is open, which costs it time. */
const DEFAULT_CONNECTIONS = 8000;

export const parseWhole =
  (name: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new Error(`${name} must be a whole number from ${least} to ${most}.`);
    return value;
  };
export const parseRate =
  (name: string, most = 1) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= 0 && value <= most))
      throw new Error(`${name} must be a number from 0 to ${most}.`);
    return value;
  };

export const simulatorOptions: readonly OptionSpec[] = [
  { flags: '--server <url>', description: 'address of the HTTP API', fallback: 'http://127.0.0.1:7400' },
  {
    flags: '--mqtt <url>',
    description: "address of the MQTT broker (default: the server's host, port 7401)",
  },
  {
    flags: '--mqtt-ca <file>',
    description: 'certificate of the authority that vouches for an mqtts: broker (PEM)',
  },
  {
    flags: '--key <key>',
    description: 'API key of a person who may issue vehicle credentials (default: FLEETWAVE_KEY)',
  },
  {
    flags: '--vehicles <n>',
    description: 'how many registered vehicles to attach',
    fallback: 50,
    parse: parseWhole('--vehicles', 1, 1_000_000),
  },
  { flags: '--fleet <file>', description: 'vehicles with credentials (NDJSON) instead of asking the server' },
  { flags: '--ledger <file>', description: 'write down what the vehicles truly did (NDJSON)' },
  {
    flags: '--seed <n>',
    description: 'decides what happens to each vehicle',
    fallback: 1,
    parse: parseWhole('--seed', 0, 0xffff_ffff),
  },
  {
    flags: '--fail-rate <share>',
    description: 'share of vehicles on which every installation fails',
    fallback: 0,
    parse: parseRate('--fail-rate'),
  },
  {
    flags: '--decline-rate <share>',
    description: 'share of drivers who refuse consent where it is asked',
    fallback: 0,
    parse: parseRate('--decline-rate'),
  },
  {
    flags: '--roughness <factor>',
    description: 'how much else goes wrong: drops, repeats, reboots, swapped TCUs; 0 = nothing',
    fallback: 1,
    parse: parseRate('--roughness', 10),
  },
  {
    flags: '--connections <n>',
    description: `vehicles connected at one time; the others sleep (default: ${DEFAULT_CONNECTIONS})`,
    parse: parseWhole('--connections', 1, 60_000),
  },
  {
    flags: '--resend-after-ms <n>',
    description: 'when a message without a receipt is sent again',
    fallback: 10_000,
    parse: parseWhole('--resend-after-ms', 100, 3_600_000),
  },
  {
    flags: '--grace-ms <n>',
    description: 'how long to finish what is under way when stopped',
    fallback: 10_000,
    parse: parseWhole('--grace-ms', 0, 3_600_000),
  },
  {
    flags: '--sabotage <kind>',
    description: 'break one thing on purpose',
    choices: ['flip', 'late-trigger'],
  },
  { flags: '--quiet', description: 'no line every few seconds' },
];

/** @throws ToldError */
export function checkSimulatorOptions(options: SimulatorOptions): CheckedOptions {
  const server = urlOf('--server', options.server ?? 'http://127.0.0.1:7400', ['http:', 'https:']);
  const { sabotage } = options;
  if (sabotage !== undefined && sabotage !== 'flip' && sabotage !== 'late-trigger')
    throw new ToldError('--sabotage of the simulator is flip or late-trigger.');
  return {
    server: server.origin,
    broker: brokerOf(options, server.hostname),
    key: options.key ?? process.env['FLEETWAVE_KEY'] ?? null,
    vehicles: options.vehicles ?? 50,
    fleet: options.fleet ?? null,
    ledger: options.ledger ?? null,
    seed: options.seed ?? 1,
    rates: ratesOf(options),
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    resendAfter_ms: options.resendAfterMs ?? 10_000,
    grace_ms: options.graceMs ?? 10_000,
    install_ms: [20, 200],
    sabotage: sabotage ?? null,
    quiet: options.quiet ?? false,
  };
}

function brokerOf({ mqtt, mqttCa }: SimulatorOptions, serverHost: string): Broker {
  const url = urlOf('--mqtt', mqtt ?? `mqtt://${serverHost}:${DEFAULT_MQTT_PORT}`, [
    'mqtt:',
    'mqtts:',
    'tcp:',
  ]);
  const secure = url.protocol === 'mqtts:';
  if (mqttCa !== undefined && !secure) throw new ToldError('--mqtt-ca is for a broker at mqtts://.');
  const address = { host: url.hostname, port: Number(url.port || (secure ? 8883 : 1883)) };
  if (!secure) return address;
  return { ...address, tls: mqttCa === undefined ? {} : { ca: readCa(mqttCa) } };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ToldError(`--mqtt-ca: ${error instanceof Error ? error.message : error}`);
  }
}

function ratesOf(options: SimulatorOptions): Rates {
  const factor = options.roughness ?? 1;
  const rough = Object.fromEntries(
    Object.entries(ROUGH).map(([name, rate]) => [name, Math.min(1, rate * factor)]),
  ) as unknown as Rates;
  return { ...rough, fail: options.failRate ?? 0, decline: options.declineRate ?? 0 };
}

function urlOf(name: string, text: string, protocols: readonly string[]): URL {
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol))
    throw new ToldError(`${name} must be an address such as ${protocols[0]}//127.0.0.1, not ${text}.`);
  return url;
}

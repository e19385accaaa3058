/** What `FLEETWAVE_KAFKA` says. */

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
type Mechanism = (typeof MECHANISMS)[number];

export interface KafkaSettings {
  /** `host:port`, at least one; the others of the cluster are found through them. */
  readonly brokers: readonly string[];
  readonly tls: boolean;
  /** PEM file with the certificates that the brokers' are checked against; null = the system's. */
  readonly caFile: string | null;
  readonly credentials: {
    readonly mechanism: Mechanism;
    readonly username: string;
    readonly password: string;
  } | null;
  /** First part of the names of all topics and groups. */
  readonly topicPrefix: string;
  /** Replicas of topics that are made; null = what the brokers have as their default. */
  readonly replication: number | null;
}

const FORM =
  'kafka://[user:password@]host:port[,host:port][?tls=true&mechanism=scram-sha-512&ca=/path/ca.pem&topicPrefix=fleetwave&replication=3]';
const PARAMETERS = ['tls', 'mechanism', 'ca', 'topicPrefix', 'replication'];

const fail = (what: string): never => {
  throw new TypeError(`${what}. The form is ${FORM}`);
};

/**
 * Reads an address of several brokers, which `URL` can't. Passwords are percent-encoded where they have `@ : / ? , %`.
 * @throws TypeError that says what is wrong, without the password.
 */
export function parseKafkaUrl(url: string): KafkaSettings {
  const match = /^kafka:\/\/(?:([^@/?]*)@)?([^@/?]*)\/?(?:\?(.*))?$/.exec(url);
  if (match === null) return fail('this is no address of Kafka');
  const [, login, hosts = '', query = ''] = match;
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys())
    if (!PARAMETERS.includes(name)) fail(`there is no parameter ${name}: they are ${PARAMETERS.join(', ')}`);
  const caFile = parameters.get('ca');
  const tls = flagOf(parameters.get('tls'), caFile !== null);
  if (caFile !== null && !tls) fail('ca needs tls=true');
  return {
    brokers: hosts.split(',').map(brokerOf),
    tls,
    caFile,
    credentials: credentialsOf(login, parameters.get('mechanism')),
    topicPrefix: prefixOf(parameters.get('topicPrefix') ?? 'fleetwave'),
    replication: replicationOf(parameters.get('replication')),
  };
}

function brokerOf(host: string): string {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(host);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) return fail(`'${host}' is no host:port`);
  return host;
}

function flagOf(value: string | null, fallback: boolean): boolean {
  if (value === null) return fallback;
  if (value !== 'true' && value !== 'false') return fail(`tls is true or false, not '${value}'`);
  return value === 'true';
}

function credentialsOf(login: string | undefined, mechanism: string | null): KafkaSettings['credentials'] {
  if (login === undefined)
    return mechanism === null ? null : fail('mechanism needs user:password before the host');
  const colon = login.indexOf(':');
  if (colon < 1) return fail('before @ there must be user:password');
  const chosen = MECHANISMS.find((known) => known === (mechanism ?? 'scram-sha-512'));
  if (chosen === undefined) return fail(`mechanism is one of ${MECHANISMS.join(', ')}, not '${mechanism}'`);
  const [username, password] = [login.slice(0, colon), login.slice(colon + 1)].map(decoded);
  return { mechanism: chosen, username: username ?? '', password: password ?? '' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return fail('user and password must be percent-encoded');
  }
}

function prefixOf(prefix: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(prefix))
    return fail(`topicPrefix has letters, digits, . _ - (at most 100), not '${prefix}'`);
  return prefix;
}

function replicationOf(value: string | null): number | null {
  if (value === null) return null;
  const replicas = Number(value);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 9)
    return fail(`replication is a number from 1 to 9, not '${value}'`);
  return replicas;
}

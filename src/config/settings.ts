/** Every setting of a server: one entry each, with its meaning, its range and its default. */
import { z } from 'zod';

/** What a process does. All of them in one process is the embedded default. */
export const ROLES = ['api', 'bridge', 'rollout', 'gatekeeper', 'projector'] as const;
export type Role = (typeof ROLES)[number];

const port = z.coerce.number().int().min(0).max(65_535);
const positive = z.coerce.number().int().min(1);

/** An address with a scheme. */
const address = (schemes: readonly string[], example: string) =>
  z.string().refine((text) => schemes.some((scheme) => text.startsWith(`${scheme}:`)), {
    error: `must be an address such as ${example}`,
  });

const roles = z.union([z.string(), z.array(z.string())]).transform((given, context): readonly Role[] => {
  const names = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given;
  const wrong = names.filter((name) => !(ROLES as readonly string[]).includes(name));
  if (wrong.length > 0 || names.length === 0) {
    context.addIssue({
      code: 'custom',
      message: `there is no role ${wrong.join(', ') || '(empty)'}; roles are ${ROLES.join(', ')}`,
    });
    return z.NEVER;
  }
  return ROLES.filter((role) => names.includes(role));
});

/** The environment name of an entry is `FLEETWAVE_` and its key in upper snake case. */
export const settings = {
  roles: roles
    .prefault(ROLES.join(','))
    .describe('What this process does: api, bridge, rollout, gatekeeper, projector'),
  instance: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'has letters, digits, . _ - (at most 64)')
    .optional()
    .describe('Name of this process among those of its roles, kept over restarts; default: host and pid'),
  dataDir: z.string().min(1).default('./data').describe('Directory of everything that is kept'),
  keysDir: z
    .string()
    .min(1)
    .optional()
    .describe('Directory of the keys, the same for all processes; default: keys in the data directory'),
  httpHost: z.string().min(1).default('127.0.0.1').describe('Address the HTTP API listens on'),
  httpPort: port.default(7400).describe('Port of the HTTP API, or of health and metrics; 0 = any free one'),
  mqttHost: z.string().min(1).default('127.0.0.1').describe('Address the embedded MQTT broker listens on'),
  mqttPort: port.default(7401).describe('Port of the embedded MQTT broker; 0 = any free one'),
  publicUrl: z
    .url()
    .optional()
    .describe('Where vehicles reach the HTTP API for downloads; default: its own address'),
  eventStore: z
    .string()
    .refine((text) => text === 'sqlite' || /^(esdb|kurrentdb)(\+discover)?:\/\//.test(text), {
      error: 'must be sqlite or an address such as esdb://127.0.0.1:2113?tls=false',
    })
    .default('sqlite')
    .describe('Event log: sqlite (in the data directory) or esdb://… of EventStoreDB'),
  kafka: address(['kafka'], 'kafka://127.0.0.1:9092')
    .optional()
    .describe(
      'Kafka for feedback and events: kafka://host:port[,host:port]; default: a queue in the process',
    ),
  mongodb: address(['mongodb', 'mongodb+srv'], 'mongodb://127.0.0.1:27017/fleetwave')
    .optional()
    .describe('MongoDB for read models, with a database name; default: SQLite in the data directory'),
  mqtt: address(['mqtt', 'mqtts'], 'mqtts://fleetwave:password@broker.example:8883')
    .optional()
    .describe('External MQTT broker, as its service user; default: the embedded broker'),
  mqttCa: z.string().optional().describe('File with the certificate authority of the external broker (PEM)'),
  mqttCert: z.string().optional().describe('File with our client certificate for the external broker (PEM)'),
  mqttKey: z.string().optional().describe('File with the key of that certificate (PEM)'),
  mqttPublicUrl: z
    .string()
    .optional()
    .describe(
      'Where vehicles reach the external MQTT broker; default: as in FLEETWAVE_MQTT, without the password',
    ),
  s3: address(['s3'], 's3://bucket?endpoint=https://s3.example&region=eu-central-1')
    .optional()
    .describe('S3 bucket for artifacts; default: files in the data directory'),
  azureBlob: z
    .string()
    .min(1)
    .optional()
    .describe('Connection string of an Azure storage account for artifacts'),
  azureContainer: z.string().min(3).default('fleetwave').describe('Container in that account'),
  contentDelivery: z
    .enum(['proxy', 'presigned'])
    .default('proxy')
    .describe('How vehicles get ciphertext: through the API, or by a presigned link to S3 or Azure'),
  identity: z
    .enum(['vin', 'pseudonym'])
    .default('vin')
    .describe('What a vehicle id is; fixed at the first start of a deployment'),
  masterKey: z
    .string()
    .optional()
    .describe('Base64 of 32 bytes that wrap content keys; default: a key file in the keys directory'),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('How much is logged'),
  haltTimeoutMs: positive
    .default(5000)
    .describe('How long pause and abort wait for all shards, milliseconds'),
  timeoutGraceS: z.coerce
    .number()
    .int()
    .min(0)
    .default(300)
    .describe('After a start, how long no attempt is timed out, seconds'),
  grantValidS: positive.default(86_400).describe('How long a download grant is valid, seconds'),
  uploadValidS: positive
    .default(86_400)
    .describe('How long after its last byte an unfinished upload can be gone on with, seconds'),
  tickMs: positive.default(250).describe('How often the next vehicles are looked for, milliseconds'),
} as const;

export type SettingKey = keyof typeof settings;

/** What is masked where settings are shown: all of it, or what an address may hold of passwords. */
export const SECRETS: Partial<Record<SettingKey, 'whole' | 'address'>> = {
  masterKey: 'whole',
  azureBlob: 'whole',
  eventStore: 'address',
  kafka: 'address',
  mongodb: 'address',
  mqtt: 'address',
  s3: 'address',
};

const PREFIX = 'FLEETWAVE_';
export const environmentName = (key: string): string =>
  PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
/** Read by the command line, by tests and by the script that starts engines, not by the server. */
export const OTHER_NAMES: readonly string[] = [
  'FLEETWAVE_SERVER',
  'FLEETWAVE_KEY',
  'FLEETWAVE_ENGINE_CACHE',
  'FLEETWAVE_TEST_ENGINES',
];
export const isOurs = (name: string): boolean => name.startsWith(PREFIX);

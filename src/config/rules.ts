/** What settings ask of each other. Each complaint names the settings and says what to do. */
import { environmentName as env, ROLES, type Role, type SettingKey } from './settings.ts';

interface Checked {
  readonly roles: readonly Role[];
  readonly eventStore: string;
  readonly kafka?: string | undefined;
  readonly mongodb?: string | undefined;
  readonly mqtt?: string | undefined;
  readonly mqttCa?: string | undefined;
  readonly mqttCert?: string | undefined;
  readonly mqttKey?: string | undefined;
  readonly s3?: string | undefined;
  readonly azureBlob?: string | undefined;
  readonly contentDelivery: 'proxy' | 'presigned';
  readonly publicUrl?: string | undefined;
}

/** What a process shares with those that have the other roles. */
const SHARED: readonly {
  readonly roles: readonly Role[];
  readonly key: SettingKey;
  readonly what: string;
}[] = [
  { roles: ROLES, key: 'kafka', what: 'feedback and leadership go through Kafka' },
  { roles: ['bridge', 'rollout'], key: 'mqtt', what: 'the embedded broker reaches only its own process' },
  {
    roles: ['api', 'projector'],
    key: 'mongodb',
    what: 'SQLite read models are seen only by their own process',
  },
];

export function complaintsOf(config: Checked): string[] {
  const complaints: string[] = [];
  const together = (present: SettingKey, missing: SettingKey): void => {
    complaints.push(`${env(present)} needs ${env(missing)}: set both or neither.`);
  };
  if (config.roles.length < ROLES.length) complaints.push(...splitComplaints(config));
  if (config.mqttCert !== undefined && config.mqttKey === undefined) together('mqttCert', 'mqttKey');
  if (config.mqttKey !== undefined && config.mqttCert === undefined) together('mqttKey', 'mqttCert');
  if (config.mqtt === undefined)
    for (const key of ['mqttCa', 'mqttCert'] as const)
      if (config[key] !== undefined)
        complaints.push(`${env(key)} is for an external broker: set ${env('mqtt')} too.`);
  if (config.s3 !== undefined && config.azureBlob !== undefined)
    complaints.push(`Set ${env('s3')} or ${env('azureBlob')}, not both.`);
  if (config.contentDelivery === 'presigned' && config.s3 === undefined && config.azureBlob === undefined)
    complaints.push(
      `${env('contentDelivery')}=presigned needs a store that gives links: set ${env('s3')} or ${env('azureBlob')}.`,
    );
  return complaints;
}

/** A process that does only a part must be able to meet the others. */
function splitComplaints(config: Checked): string[] {
  const mine = `${env('roles')}=${config.roles.join(',')} leaves roles to other processes`;
  const complaints = SHARED.filter(
    ({ roles, key }) =>
      config[key as keyof Checked] === undefined && roles.some((role) => config.roles.includes(role)),
  ).map(({ key, what }) => `${mine}, and ${what}: set ${env(key)}.`);
  if (config.roles.includes('rollout') && !config.roles.includes('api') && config.publicUrl === undefined)
    complaints.push(`${mine}, and grants tell vehicles where to download: set ${env('publicUrl')}.`);
  if (config.eventStore === 'sqlite')
    complaints.unshift(`${mine}, and a SQLite log has one process: set ${env('eventStore')} to esdb://….`);
  return complaints;
}

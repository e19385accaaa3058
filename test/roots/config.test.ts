import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, describeSettings, effectiveSettings, loadConfig, ROLES } from '../../src/config.ts';

describe('settings', () => {
  it('are safe by default: loopback and the documented ports', () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({
      httpHost: '127.0.0.1',
      httpPort: 7400,
      mqttHost: '127.0.0.1',
      mqttPort: 7401,
    });
  });

  it('come from the environment, and a flag wins', () => {
    const environment = { FLEETWAVE_HTTP_PORT: '8000', FLEETWAVE_MQTT_PORT: '8001' };
    expect(loadConfig({ httpPort: 9000 }, environment)).toMatchObject({ httpPort: 9000, mqttPort: 8001 });
  });

  it('refuse an unknown name and suggest the one that was meant', () => {
    expect(() => loadConfig({}, { FLEETWAVE_HTPP_PORT: '1' })).toThrow(/Did you mean FLEETWAVE_HTTP_PORT\?/);
  });

  it('refuse a value out of range, naming the setting', () => {
    expect(() => loadConfig({}, { FLEETWAVE_HTTP_PORT: '70000' })).toThrow(ConfigError);
    expect(() => loadConfig({}, { FLEETWAVE_HTTP_PORT: '70000' })).toThrow(/FLEETWAVE_HTTP_PORT/);
  });

  it('are all described', () => {
    for (const setting of describeSettings()) expect(setting.about, setting.name).not.toBe('');
  });

  it('are all in .env.example, each once and with its default', () => {
    const example = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');
    const found = [...example.matchAll(/^# ?(FLEETWAVE_\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(found).toEqual(describeSettings().map(({ name, fallback }) => [name, fallback]));
  });

  it('come from a file that is named, for secrets that are mounted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetwave-config-'));
    try {
      const path = join(folder, 'kafka');
      writeFileSync(path, 'kafka://h:9092\n');
      const config = loadConfig({}, { FLEETWAVE_KAFKA_FILE: path });
      expect(config).toMatchObject({ kafka: 'kafka://h:9092', origins: { kafka: 'file' } });
      const both = { FLEETWAVE_KAFKA_FILE: path, FLEETWAVE_KAFKA: 'kafka://h:1' };
      expect(() => loadConfig({}, both)).toThrow(/not both/);
      expect(() => loadConfig({}, { FLEETWAVE_KAFKA_FILE: join(folder, 'none') })).toThrow(/can't be read/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are shown with where they came from, and no secret in them', () => {
    const shown = effectiveSettings(
      loadConfig(
        { httpPort: '7000' },
        {
          FLEETWAVE_KAFKA: 'kafka://me:hidden@h:9092',
          FLEETWAVE_EVENT_STORE: 'esdb://me:hidden/and?hidden@h:2113?tls=false',
          FLEETWAVE_S3: 's3://b?accessKeyId=hidden&secretAccessKey=hidden&region=r',
          FLEETWAVE_MASTER_KEY: 'hidden',
        },
      ),
    );
    const of = (name: string) => shown.find((setting) => setting.name === name);
    expect(of('FLEETWAVE_KAFKA')).toMatchObject({ value: 'kafka://me:***@h:9092', origin: 'environment' });
    expect(of('FLEETWAVE_EVENT_STORE')?.value).toBe('esdb://me:***@h:2113?tls=false');
    expect(of('FLEETWAVE_HTTP_PORT')).toMatchObject({ value: '7000', origin: 'flag' });
    expect(of('FLEETWAVE_TICK_MS')).toMatchObject({ value: '250', origin: 'default' });
    expect(JSON.stringify(shown)).not.toContain('hidden');
  });
});

describe('roles', () => {
  const engines = {
    FLEETWAVE_EVENT_STORE: 'esdb://127.0.0.1:2113?tls=false',
    FLEETWAVE_KAFKA: 'kafka://127.0.0.1:9092',
    FLEETWAVE_MONGODB: 'mongodb://127.0.0.1:27017/fleetwave',
    FLEETWAVE_MQTT: 'mqtt://127.0.0.1:1883',
  };

  it('are all in one process by default', () => {
    expect(loadConfig({}, {}).roles).toEqual(ROLES);
  });

  it('can be split when there is something to meet through', () => {
    expect(loadConfig({ roles: 'projector, api' }, engines).roles).toEqual(['api', 'projector']);
  });

  it('can not be split without, and it is said what is missing', () => {
    for (const [name, role] of [
      ['FLEETWAVE_EVENT_STORE', 'gatekeeper'],
      ['FLEETWAVE_KAFKA', 'gatekeeper'],
      ['FLEETWAVE_MONGODB', 'projector'],
      ['FLEETWAVE_MQTT', 'rollout'],
    ] as const) {
      const { [name]: _left, ...rest } = engines as Record<string, string>;
      expect(() => loadConfig({ roles: role }, rest), name).toThrow(new RegExp(name));
    }
  });

  it('have names, and another one is refused', () => {
    expect(() => loadConfig({ roles: 'api,cook' }, engines)).toThrow(/no role cook; roles are api, bridge/);
  });
});

describe('settings that go together', () => {
  it.each([
    [{ FLEETWAVE_MQTT: 'mqtts://h', FLEETWAVE_MQTT_CERT: '/c' }, /FLEETWAVE_MQTT_KEY/],
    [{ FLEETWAVE_MQTT_CA: '/c' }, /FLEETWAVE_MQTT too/],
    [{ FLEETWAVE_S3: 's3://b', FLEETWAVE_AZURE_BLOB: 'x' }, /not both/],
    [{ FLEETWAVE_CONTENT_DELIVERY: 'presigned' }, /FLEETWAVE_S3 or FLEETWAVE_AZURE_BLOB/],
    [{ FLEETWAVE_EVENT_STORE: 'postgres://h' }, /esdb:\/\//],
  ])('%o is refused', (environment, complaint) => {
    expect(() => loadConfig({}, environment)).toThrow(complaint);
  });
});
